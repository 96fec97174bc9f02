"""What of an object may change, and by whom."""

import http.client

import pytest

from posture.api.crds import KINDS
from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from tests.support.api.objects import (
    DEFAULTS,
    Object,
    maximal,
    minimal,
    whole,
)
from tests.support.api.statuses import STATUSES
from tests.support.e2e.kinds import APPLY, MERGE, Server

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
