"""Whether the operator may do its work in this cluster: which CRDs and which rights are missing."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from posture.api.resource import GROUP, VERSION
from posture.kube.client import KubeClient
from posture.kube.errors import Call, Forbidden, Gone
from posture.kube.resources import (
    EVENTS,
    KINDS,
    LEASES,
    POSTURE_TARGETS,
    REMEDIATION_RULES,
    REMEDIATIONS,
    SUPPRESSION_POLICIES,
    ApiResource,
)

_AT_ONCE = 8
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_REVIEW = ApiResource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)

# When a status is refused, an empty patch of the object itself asks whether it is still the same one.
_KINDS = (POSTURE_TARGETS, SUPPRESSION_POLICIES, REMEDIATION_RULES, REMEDIATIONS)
_RIGHTS: tuple[tuple[ApiResource, str | None, tuple[str, ...]], ...] = (
    *((resource, None, ("list", "watch", "patch")) for resource in _KINDS),
    # Read again as the last thing before a write to AWS.
    *((resource, None, ("get",)) for resource in (POSTURE_TARGETS, REMEDIATION_RULES, REMEDIATIONS)),
    # The journal of remediations.
    (REMEDIATIONS, None, ("create", "delete")),
    *((resource, "status", ("patch",)) for resource in _KINDS),
    (EVENTS, None, ("create", "patch")),
)
"""What is needed wherever objects are served."""
_LEASE_VERBS = ("get", "create", "update")


class Reviewed(NamedTuple):
    """What the API server says of rights: which are missing, and which may not even be asked about."""

    missing: tuple[str, ...]
    unanswered: tuple[str, ...]


class Access(NamedTuple):
    """What is missing: kinds whose CRD is not served, and rights."""

    kinds: tuple[str, ...]
    rights: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Tell whether nothing is missing."""
        return not self.kinds and not self.rights

    def __str__(self) -> str:
        parts = []
        if self.kinds:
            parts.append(
                f"no CRD of version {GROUP}/{VERSION} for {', '.join(self.kinds)}: "
                "run `posture crds | kubectl apply --server-side -f -`"
            )
        if self.rights:
            parts.append(
                f"the operator's service account may not {', '.join(self.rights)}: "
                "grant it, as the Helm chart's roles do"
            )
        return "; ".join(parts) or "nothing is missing"


async def check_access(client: KubeClient, namespaces: Sequence[str] | None, lease_namespace: str) -> Access:
    """Return what is missing to serve these namespaces (None: all): `str()` of it is one line for people.

    About 30 calls. Raises Retryable and Unauthorized.
    """
    # Whoever may not even ask is not known to lack anything; the calls themselves will tell.
    reviewed = await review_rights(client, required_rights(namespaces, lease_namespace))
    return Access(await missing_kinds(client), reviewed.missing)


def required_rights(namespaces: Sequence[str] | None, lease_namespace: str) -> list[Call]:
    """Return every right that the operator needs; the chart grants just these."""
    served: Sequence[str | None] = [None] if namespaces is None else list(dict.fromkeys(namespaces))
    rights = [
        Call(verb, resource, namespace, subresource=subresource)
        for namespace in served
        for resource, subresource, verbs in _RIGHTS
        for verb in verbs
    ]
    return rights + [Call(verb, LEASES, lease_namespace) for verb in _LEASE_VERBS]


async def missing_kinds(client: KubeClient) -> tuple[str, ...]:
    """Return those of our kinds that the API server does not serve in this version."""
    call = Call(f"read the kinds of {GROUP}/{VERSION}", None)
    try:
        served = await client.request(call, "GET", f"/apis/{GROUP}/{VERSION}")
    except Gone:
        return tuple(KINDS)
    names = {entry.get("name") for entry in served.get("resources") or ()}
    return tuple(kind for kind, resource in KINDS.items() if resource.plural not in names)


async def review_rights(client: KubeClient, rights: Iterable[Call]) -> Reviewed:
    """Ask the API server about each right of whoever asks. Raises Retryable and Unauthorized."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def allowed(right: Call) -> bool | None:
        async with turns:
            return await _allowed(client, right)

    asked = list(rights)
    answers = await asyncio.gather(*map(allowed, asked))
    named = [(right.right, answer) for right, answer in zip(asked, answers, strict=True)]
    return Reviewed(
        tuple(right for right, answer in named if answer is False),
        tuple(right for right, answer in named if answer is None),
    )


async def _allowed(client: KubeClient, right: Call) -> bool | None:
    """Ask about one right; None: that may not be asked."""
    if right.resource is None:
        raise ValueError("a right is on a resource")
    attributes = {
        "verb": right.verb,
        "group": right.resource.group,
        "resource": right.resource.plural,
        "subresource": right.subresource or "",
        "namespace": right.namespace or "",
    }
    body = {
        "apiVersion": _REVIEW.api_version,
        "kind": _REVIEW.kind,
        "spec": {"resourceAttributes": attributes},
    }
    try:
        review = await client.request(Call("create", _REVIEW), "POST", _REVIEWS, body=body)
    except Forbidden:
        return None
    return bool((review.get("status") or {}).get("allowed"))
