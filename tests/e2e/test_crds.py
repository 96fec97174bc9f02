"""The CRDs on a real API server: what it takes, what it refuses and how it says so, what it shows."""

import http.client
import json
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from posture.api.crds import KINDS, documents
from posture.api.generate import stale
from posture.api.posture_target import PostureTarget
from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import API_VERSION, CustomResource, parse
from posture.api.schedule import SCHEDULE
from posture.api.suppression_policy import SuppressionPolicy
from sandbox.controlplane import ControlPlane
from sandbox.waiting import wait_until
from tests.support.api.malformed import MALFORMED, Malformed
from tests.support.api.objects import (
    ABSENT,
    ACCEPTED,
    DEFAULTS,
    Object,
    changed,
    maximal,
    minimal,
    whole,
)
from tests.support.api.schedules import schedules
from tests.support.api.statuses import STATUSES
from tests.support.examples import examples

ROOT = Path(__file__).parent.parent.parent
MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"


class Server:
    """The API server, as the tests speak to it: in one namespace, in terms of kinds."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace

    def path(self, kind: type[CustomResource], name: str = "", query: str = "") -> str:
        path = f"/apis/{API_VERSION}/namespaces/{self.namespace}/{kind.plural}"
        return path + (f"/{name}" if name else "") + (f"?{query}" if query else "")

    def create(
        self, kind: type[CustomResource], spec: Object, *, name: str = "example", query: str = ""
    ) -> Any:
        document = whole(kind, spec, name, self.namespace)
        status, answer = self.plane.request("POST", self.path(kind, query=query), document)
        assert status == http.client.CREATED, answer
        return answer

    def refusal(self, kind: type[CustomResource], document: object, *, query: str = "dryRun=All") -> str:
        status, answer = self.plane.request("POST", self.path(kind, query=query), document)
        assert status in {http.client.UNPROCESSABLE_ENTITY, http.client.BAD_REQUEST}, answer
        return str(answer["message"])

    def patch(
        self, kind: type[CustomResource], name: str, body: object, content_type: str = MERGE
    ) -> tuple[int, Any]:
        return self.plane.request("PATCH", self.path(kind, name), body, content_type=content_type)

    def table(self, *arguments: str) -> list[list[str]]:
        """Give the rows that `kubectl get` prints, cut at the columns of its heading."""
        printed = self.plane.kubectl("get", "-n", self.namespace, *arguments).stdout.rstrip("\n").split("\n")
        starts = [
            i for i, letter in enumerate(printed[0]) if letter != " " and (i == 0 or printed[0][i - 1] == " ")
        ]
        ends = [*starts[1:], None]
        return [[row[i:j].strip() for i, j in zip(starts, ends, strict=True)] for row in printed]


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> ControlPlane:
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    names = [f"crd/{document['metadata']['name']}" for document in documents()]
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)
    # Established comes before served: discovery follows within a moment.
    path = f"/apis/{API_VERSION}/remediations"
    wait_until(
        lambda: control_plane.request("GET", path)[0] == http.client.OK, "the kinds to be served", seconds=30
    )
    return control_plane


@pytest.fixture
def server(installed: ControlPlane, namespace: str) -> Server:
    return Server(installed, namespace)


@pytest.fixture(scope="module")
def anywhere(installed: ControlPlane) -> Server:
    """For dry runs, which leave nothing behind."""
    return Server(installed, "default")


def test_what_is_in_the_repository_is_what_the_models_say() -> None:
    assert stale(ROOT) == []


def test_the_api_server_knows_every_field_of_the_crds(installed: ControlPlane) -> None:
    """Strict: a keyword of JSON schema that CRDs do not have would be dropped in silence."""
    for document in documents():
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{document['metadata']['name']}"
        query = "?fieldManager=strict&force=true&fieldValidation=Strict&dryRun=All"
        status, answer = installed.request("PATCH", path + query, document, content_type=APPLY)
        assert status == http.client.OK, answer
        conditions = {each["type"]: each["status"] for each in answer["status"]["conditions"]}
        assert conditions.get("NonStructuralSchema", "False") == "False"
        assert conditions["NamesAccepted"] == "True"


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
def test_accepted(anywhere: Server, kind: type[CustomResource], spec: Object) -> None:
    answer = anywhere.create(kind, spec, query="dryRun=All&fieldValidation=Strict")
    assert parse(kind, answer).spec  # type: ignore[attr-defined] # every kind has one


@pytest.mark.parametrize("case", MALFORMED, ids=str)
def test_refused(anywhere: Server, case: Malformed) -> None:
    message = anywhere.refusal(case.kind, whole(case.kind, case.spec))
    assert case.says in message


@given(schedules())
@examples(300)
def test_the_api_server_and_the_operator_read_a_schedule_alike(anywhere: Server, schedule: str) -> None:
    spec = changed(minimal(RemediationRule), "window", {"schedule": schedule})
    document = whole(RemediationRule, spec)
    status, answer = anywhere.plane.request(
        "POST", anywhere.path(RemediationRule, query="dryRun=All"), document
    )
    assert status in {http.client.CREATED, http.client.UNPROCESSABLE_ENTITY}, answer
    assert (status == http.client.CREATED) == SCHEDULE.fits(schedule), answer.get("message", "accepted")


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_short_enough_for_a_label(anywhere: Server, kind: type[CustomResource]) -> None:
    anywhere.create(kind, minimal(kind), name="a" * 63, query="dryRun=All")
    message = anywhere.refusal(kind, whole(kind, minimal(kind), "a" * 64))
    assert "metadata.name must have at most 63 characters" in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_field_is_told(anywhere: Server, kind: type[CustomResource]) -> None:
    document = whole(kind, {**minimal(kind), "suspended": True})
    message = anywhere.refusal(kind, document, query="dryRun=All&fieldValidation=Strict")
    assert 'unknown field "spec.suspended"' in message


@pytest.mark.parametrize("kind", KINDS)
def test_a_spec_is_required(anywhere: Server, kind: type[CustomResource]) -> None:
    document = whole(kind, {})
    del document["spec"]
    assert "spec: Required value" in anywhere.refusal(kind, document)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_the_api_servers_and_the_models_alike(
    anywhere: Server, kind: type[CustomResource]
) -> None:
    answer = anywhere.create(kind, minimal(kind), query="dryRun=All")
    assert answer["spec"] == {**minimal(kind), **DEFAULTS[kind]}
    assert answer["status"] == {"observedGeneration": -1}
    of_model = parse(kind, whole(kind, minimal(kind)))
    assert parse(kind, answer).spec == of_model.spec  # type: ignore[attr-defined] # every kind has one


def test_defaults_reach_into_what_is_written_in_part(anywhere: Server) -> None:
    spec = changed(minimal(RemediationRule), "limits", {"perDay": 5})
    spec = changed(spec, "window", {"schedule": "0 9 * * 1-5"})
    answer = anywhere.create(RemediationRule, spec, query="dryRun=All")
    assert answer["spec"]["limits"] == {**DEFAULTS[RemediationRule]["limits"], "perDay": 5}
    assert answer["spec"]["window"] == {"schedule": "0 9 * * 1-5", "duration": "8h", "timeZone": "UTC"}


def test_a_large_policy_is_within_the_cost_that_rules_may_have(anywhere: Server) -> None:
    accounts = [f"{number:012}" for number in range(200)]
    selector: Object = {
        "accounts": accounts,
        "resourceIds": [f"arn:aws:s3:::{'x' * 40}{n}" for n in range(20)],
    }
    selector |= {"tags": {f"key-{number}": ["value"] for number in range(20)}}
    match = {"match": [selector] * 50, "exceptions": [selector] * 50}
    anywhere.create(SuppressionPolicy, changed(minimal(SuppressionPolicy), "suppressFindings", match))


_SOURCE = {"securityStandards": None, "configRules": {"names": ["a"]}}
_DISABLING = {"standards": ["*"], "controls": ["S3.1"], "accounts": ["*"], "regions": ["eu-west-1"]}


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        (PostureTarget, {"source": _SOURCE}, "the choice between securityStandards, conformancePacks"),
        (SuppressionPolicy, {"targetRef": {"name": "other"}}, "targetRef is immutable: make a new object"),
        (
            SuppressionPolicy,
            {"suppressFindings": None, "disableControls": _DISABLING},
            "the choice between suppressFindings, disableControls is immutable",
        ),
        (RemediationRule, {"targetRef": {"name": "other"}}, "targetRef is immutable"),
        (
            RemediationRule,
            {"action": {"builtin": None, "ssmAutomation": {"document": "AWS-X", "documentVersion": "1"}}},
            "the choice between builtin, ssmAutomation is immutable",
        ),
        (Remediation, {"ruleRef": {"name": "other"}}, "ruleRef is immutable"),
        (Remediation, {"ruleRef": {"uid": "other"}}, "ruleRef is immutable"),
        (Remediation, {"targetRef": {"name": "other"}}, "targetRef is immutable"),
        (Remediation, {"action": {"builtin": {"parameters": {"a": "b"}}}}, "action is immutable"),
        (Remediation, {"resource": {"id": "other"}}, "resource is immutable"),
        (Remediation, {"finding": {"control": "S3.2"}}, "finding is immutable"),
        (Remediation, {"roleName": "other"}, "roleName is immutable"),
        (Remediation, {"findings": []}, "findings is immutable"),
        (Remediation, {"writes": [{"name": "other"}]}, "writes is immutable"),
        (Remediation, {"planHash": "f" * 16}, "planHash is immutable"),
        (Remediation, {"approval": {"by": "me", "planHash": "f" * 16}}, "another plan is not approved by it"),
    ],
)
def test_immutable(server: Server, kind: type[CustomResource], change: Object, says: str) -> None:
    server.create(kind, minimal(kind))
    status, answer = server.patch(kind, "example", {"spec": change})
    assert status == http.client.UNPROCESSABLE_ENTITY, answer
    assert says in answer["message"]


@pytest.mark.parametrize("field", ["findings", "writes"])
def test_what_a_remediation_names_cannot_be_taken_away(server: Server, field: str) -> None:
    server.create(Remediation, maximal(Remediation))
    none: tuple[None, list[Object]] = (None, [])
    for changed_to in none:
        status, answer = server.patch(Remediation, "example", {"spec": {field: changed_to}})
        assert status == http.client.UNPROCESSABLE_ENTITY, answer
        assert f"{field} is immutable" in answer["message"]


def test_what_is_to_be_undone_stays_so(server: Server) -> None:
    server.create(Remediation, {**minimal(Remediation), "undo": True})
    for undo in (False, None):
        status, answer = server.patch(Remediation, "example", {"spec": {"undo": undo}})
        assert status == http.client.UNPROCESSABLE_ENTITY, answer
        assert "undo stays true" in answer["message"]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (PostureTarget, {"source": {"securityStandards": {"standards": ["pci-dss/v/3.2.1"]}}}),
        (PostureTarget, {"aws": {"region": "us-east-1"}, "grouping": None, "suspend": True}),
        (SuppressionPolicy, {"expiresAt": "2028-01-01T00:00:00Z", "review": {"interval": "24h"}}),
        (SuppressionPolicy, {"suppressFindings": {"match": [{"titles": ["*"]}]}, "mode": "DryRun"}),
        (RemediationRule, {"action": {"builtin": {"name": "another"}}, "mode": "Enforce"}),
        (Remediation, {"approval": {"by": "me", "planHash": "0123456789abcdef"}}),
        (Remediation, {"undo": True}),
    ],
)
def test_mutable(server: Server, kind: type[CustomResource], change: Object) -> None:
    server.create(kind, minimal(kind))
    status, answer = server.patch(kind, "example", {"spec": change})
    assert status == http.client.OK, answer
    assert answer["metadata"]["generation"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_status_is_written_apart_from_the_spec(server: Server, kind: type[CustomResource]) -> None:
    server.create(kind, minimal(kind))
    server.patch(kind, "example", {"status": {"observedGeneration": 7}})
    body = {"status": {"observedGeneration": 1}, "spec": maximal(kind)}
    path = server.path(kind, "example/status")
    status, answer = server.plane.request("PATCH", path, body, content_type=MERGE)
    assert status == http.client.OK, answer
    assert answer["status"] == {"observedGeneration": 1}
    assert answer["spec"] == {**minimal(kind), **DEFAULTS[kind]}
    assert answer["metadata"]["generation"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_status_is_taken_and_read_back_whole(server: Server, kind: type[CustomResource]) -> None:
    uid = server.create(kind, minimal(kind))["metadata"]["uid"]
    wanted = STATUSES[kind].to_api()
    patch = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": wanted},
    ]
    path = server.path(kind, "example/status", "fieldValidation=Strict")
    status, answer = server.plane.request("PATCH", path, patch, content_type="application/json-patch+json")
    assert status == http.client.OK, answer
    assert answer["status"] == wanted
    assert parse(kind, answer).status == STATUSES[kind]  # type: ignore[attr-defined] # every kind has one


def test_columns_of_targets(server: Server) -> None:
    server.create(PostureTarget, minimal(PostureTarget), name="organization")
    _write_status(server, PostureTarget, "organization")
    narrow, wide = server.table("pt"), server.table("pt", "-o", "wide")
    columns = ["NAME", "SCORE", "FAILED", "CRITICAL", "OVERDUE", "CURRENT", "READY", "SYNCED", "AGE"]
    assert narrow[0] == columns
    assert narrow[1][:7] == ["organization", "69", "12", "2", "3", "False", "True"]
    assert all(age.endswith(("s", "m", "h", "d")) for age in narrow[1][7:])
    assert wide[0] == [*columns, "METHOD", "ACCOUNTS", "FINDINGS", "SUPPRESSED", "REASON"]
    assert wide[1][9:] == ["SecurityHub", "21", "1000", "7", "Throttled"]


def test_columns_of_policies(server: Server) -> None:
    server.create(SuppressionPolicy, minimal(SuppressionPolicy))
    _write_status(server, SuppressionPolicy, "example")
    table = server.table("spol")
    assert table[0] == ["NAME", "TARGET", "MATCHED", "SUPPRESSED", "EXPIRES", "REVIEW", "READY", "AGE"]
    end, review = "2027-03-31T00:00:00Z", "2026-11-29T06:00:00Z"
    assert table[1][:-1] == ["example", "organization", "12", "10", end, review, "True"]


def test_columns_of_rules_and_their_journal(server: Server) -> None:
    server.create(RemediationRule, minimal(RemediationRule), name="builtin")
    server.create(RemediationRule, maximal(RemediationRule), name="ssm")
    _write_status(server, RemediationRule, "builtin")
    table = server.table("rrule")
    columns = "NAME TARGET MODE ACTION CANDIDATES PENDING SUCCEEDED FAILED SKIPPED READY AGE"
    assert table[0] == columns.split()
    action = "s3-account-block-public-access"
    assert table[1][:-1] == ["builtin", "organization", "DryRun", action, "9", "1", "2", "3", "4", "True"]
    assert table[2][3] == "AWS-DisablePublicAccessForSecurityGroup"

    server.create(Remediation, minimal(Remediation))
    _write_status(server, Remediation, "example")
    journal = server.table("rem")
    assert journal[0] == ["NAME", "RULE", "ACCOUNT", "RESOURCE", "STATE", "AGE"]
    resource = "AWS::::Account:111122223333"
    assert journal[1][:-1] == ["example", "block-public-access", "111122223333", resource, "Succeeded"]


def test_one_category_shows_all_kinds(server: Server, tmp_path: Path) -> None:
    for kind in KINDS:
        server.create(kind, minimal(kind))
    wanted = sorted(f"{kind.__name__.lower()}.posture.dev/example" for kind in KINDS)
    looks = count()

    def names() -> list[str]:
        # Discovery follows the CRDs by a moment, and kubectl remembers it: each look is without memory.
        memory = f"--cache-dir={tmp_path / str(next(looks))}"
        shown = server.plane.kubectl(
            "get", "posture", "-n", server.namespace, "-o", "name", memory, check=False
        )
        return sorted(shown.stdout.split())

    wait_until(lambda: names() == wanted, f"exactly {wanted} to be shown", seconds=20)


def test_two_managers_share_lists_without_taking_each_others_entries(server: Server) -> None:
    for manager, account in (("network", "444455556666"), ("data", "777788889999")):
        overrides = [{"accountId": account, "workload": manager}]
        spec = {
            **minimal(PostureTarget),
            "grouping": {"overrides": overrides},
            "accounts": {"exclude": [account]},
        }
        document = whole(PostureTarget, spec, "shared", server.namespace)
        path = server.path(PostureTarget, "shared", f"fieldManager={manager}")
        status, answer = server.plane.request("PATCH", path, document, content_type=APPLY)
        assert status in {http.client.OK, http.client.CREATED}, answer
    assert [each["workload"] for each in answer["spec"]["grouping"]["overrides"]] == ["network", "data"]
    assert answer["spec"]["accounts"]["exclude"] == ["444455556666", "777788889999"]
    empty = whole(PostureTarget, minimal(PostureTarget), "shared", server.namespace)
    path = server.path(PostureTarget, "shared", "fieldManager=network")
    _, answer = server.plane.request("PATCH", path, empty, content_type=APPLY)
    assert [each["workload"] for each in answer["spec"]["grouping"]["overrides"]] == ["data"]
    assert answer["spec"]["accounts"]["exclude"] == ["777788889999"]


def test_kubectl_says_in_plain_words_what_to_write(server: Server, tmp_path: Path) -> None:
    spec = changed(minimal(SuppressionPolicy), "suppressFindings.match", [{}])
    spec = changed(spec, "approvedBy", ABSENT)
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(whole(SuppressionPolicy, spec, namespace=server.namespace)), "utf-8")
    refused = server.plane.kubectl("apply", "-f", str(file), check=False)
    assert refused.returncode == 1
    assert "spec.approvedBy: Required value" in refused.stderr


def test_wait_and_explain_know_the_kinds(server: Server) -> None:
    server.create(PostureTarget, minimal(PostureTarget))
    _write_status(server, PostureTarget, "example")
    server.plane.kubectl(
        "wait", "pt/example", "-n", server.namespace, "--for=condition=Ready", "--timeout=5s"
    )
    explained = server.plane.kubectl("explain", "posturetarget.spec.aws.region").stdout
    assert "best the aggregation Region" in explained


def test_the_printed_crds_are_taken_as_they_are(installed: ControlPlane) -> None:
    printed = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents()})
    again = installed.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=printed)
    assert again.stdout.count("serverside-applied") == len(KINDS)


def _write_status(server: Server, kind: type[CustomResource], name: str) -> None:
    body = {"status": STATUSES[kind].to_api()}
    if kind is PostureTarget:
        body["status"]["sync"]["lastSuccessTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    path = server.path(kind, f"{name}/status")
    status, answer = server.plane.request("PATCH", path, body, content_type=MERGE)
    assert status == http.client.OK, answer
