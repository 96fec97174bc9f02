"""Kubernetes as the operator needs it: an API server, our kinds in this version, and rights."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from posture.api.crds import documents
from posture.api.resource import GROUP, VERSION
from posture.cli.check.result import CheckResult, Judgement, failed, ok, unknown, warning
from posture.domain.text import counted
from posture.kube.access import missing_kinds, required_rights, review_rights
from posture.kube.client import KubeClient
from posture.kube.errors import Call, Forbidden, Gone, KubeError
from posture.kube.resources import (
    POSTURE_TARGETS,
    REMEDIATION_RULES,
    SUPPRESSION_POLICIES,
    ApiResource,
    Object,
)
from posture.reconcile.owner import OwnerUnknown, cluster_owner

CHECKS = ("kubernetes", "crds", "rights")
_SHOWN = 5
_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_REVIEW = ApiResource(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "SelfSubjectReview", namespaced=False
)
_CRDS = ApiResource(
    "apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False
)
_SERVICE_ACCOUNT = "system:serviceaccount:"
_APPLY = "run `posture crds | kubectl apply --server-side -f -` of this version"
_NOBODY = "whoever runs this"


class ListedObjects(NamedTuple):
    """What is declared; None, with `why`, where it could not be listed."""

    targets: list[Object] | None
    policies: list[Object] | None
    rules: list[Object] | None
    why: str = ""


class ClusterRead(NamedTuple):
    """The results, and what is declared."""

    results: list[CheckResult]
    declared: ListedObjects
    owner: Judgement = unknown("not asked: the API server does not answer")
    """Whether the cluster's own id can be read, by which what is suppressed is marked."""


async def check_cluster(
    client: KubeClient, namespaces: Sequence[str] | None, lease_namespace: str
) -> ClusterRead:
    """Check an API server, in order; what depends on something that failed is unknown."""
    try:
        user = await _user(client)
    except KubeError as error:
        return unreachable(str(error))
    results = [ok(f"the API server answers {user}").named("kubernetes")]
    results.append((await _told(_crds(client))).named("crds"))
    results.append((await _told(_rights(client, namespaces, lease_namespace, user))).named("rights"))
    return ClusterRead(results, await _declared(client, namespaces), await _told(_owner(client)))


def unreachable(why: str) -> ClusterRead:
    """Return what is known of a cluster that does not answer."""
    message = "not asked: the API server does not answer"
    first, *others = CHECKS
    advice = "set KUBECONFIG, or --context, to a cluster that answers, or run in the operator's pod"
    results = [failed(why, advice).named(first), *(unknown(message).named(each) for each in others)]
    return ClusterRead(results, ListedObjects(None, None, None, "the API server does not answer"))


async def _told(judging: Any) -> Judgement:  # noqa: ANN401 - a coroutine of a Verdict
    try:
        verdict: Judgement = await judging
    except KubeError as error:
        return unknown(str(error))
    return verdict


async def _user(client: KubeClient) -> str:
    """Return who asks; the answer of an API server that does not say it is an answer too."""
    body = {"apiVersion": _REVIEW.api_version, "kind": _REVIEW.kind}
    try:
        answer = await client.request(Call("create", _REVIEW), "POST", _WHOAMI, body=body)
    except (Forbidden, Gone):
        return _NOBODY
    status = answer.get("status") or {}
    return str((status.get("userInfo") or {}).get("username") or _NOBODY)


async def _crds(client: KubeClient) -> Judgement:
    missing = await missing_kinds(client)
    if missing:
        return failed(f"no CRD of version {GROUP}/{VERSION} for {', '.join(missing)}", _APPLY)
    try:
        listed = await client.list_objects(_CRDS)
    except Forbidden:
        return unknown(
            f"all kinds of {GROUP}/{VERSION} are served; whether they are of this version is not known, for"
            " CRDs may not be listed here",
            f"where objects are refused, or fields of them are lost: {_APPLY}",
        )
    stored = {each["metadata"]["name"]: each for each in listed}
    return judge_crds(documents(), stored)


def judge_crds(wanted: Sequence[Mapping[str, Any]], stored: Mapping[str, Mapping[str, Any]]) -> Judgement:
    """Tell whether the stored CRDs have all that those of this version have."""
    other = []
    for each in wanted:
        name = each["metadata"]["name"]
        schema = _schema(stored.get(name, {}))
        if schema is None or not _contains(schema, _schema(each)):
            other.append(name)
    if other:
        return warning(f"{', '.join(other)} are of another version than this `posture`", _APPLY)
    return ok(f"{counted(len(wanted), 'CRD is', 'CRDs are')} there and of this version")


def _schema(document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    versions = (document.get("spec") or {}).get("versions") or ()
    return next((each.get("schema") for each in versions if each.get("name") == VERSION), None)


def _contains(stored: Any, wanted: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether all of `wanted` is in `stored`: the API server adds defaults, and takes nothing away."""
    if isinstance(wanted, Mapping):
        return isinstance(stored, Mapping) and all(
            key in stored and _contains(stored[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return (
            isinstance(stored, Sequence)
            and len(stored) == len(wanted)
            and all(map(_contains, stored, wanted))
        )
    return bool(stored == wanted)


async def _rights(
    client: KubeClient, namespaces: Sequence[str] | None, lease_namespace: str, user: str
) -> Judgement:
    rights = required_rights(namespaces, lease_namespace)
    reviewed = await review_rights(client, rights)
    if reviewed.missing:
        some = ", ".join(reviewed.missing[:_SHOWN])
        more = len(reviewed.missing) - _SHOWN
        says = f"{user} may not {some}{f', and {more} more' if more > 0 else ''}"
        if user.startswith(_SERVICE_ACCOUNT):
            return failed(says, "grant it, as the Helm chart's roles do (rbac.create)")
        return warning(says, "this is no service account: `helm test` asks the same about the operator's")
    if reviewed.unanswered:
        return unknown(f"{user} may not ask what it may do", "bind system:basic-user to it, as is usual")
    return ok(f"{user} has each of {counted(len(rights), 'right', 'rights')}")


async def _owner(client: KubeClient) -> Judgement:
    try:
        await cluster_owner(client)
    except OwnerUnknown as error:
        return failed(str(error), "set ownerId in the operator's configuration")
    return ok("what is suppressed is marked with the cluster's own id")


async def _declared(client: KubeClient, namespaces: Sequence[str] | None) -> ListedObjects:
    listed: dict[str, list[Object]] = {}
    why = ""
    for resource in (POSTURE_TARGETS, SUPPRESSION_POLICIES, REMEDIATION_RULES):
        try:
            listed[resource.kind] = await client.list_objects(resource, namespaces)
        except KubeError as error:
            why = why or str(error)
    kinds = (POSTURE_TARGETS.kind, SUPPRESSION_POLICIES.kind, REMEDIATION_RULES.kind)
    targets, policies, rules = map(listed.get, kinds)
    return ListedObjects(targets, policies, rules, why)
