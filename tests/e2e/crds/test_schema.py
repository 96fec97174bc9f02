"""What the API server takes, refuses and fills in, beside what the models say."""

import http.client
import json

import pytest
from hypothesis import given

from posture.api.crds import KINDS, documents
from posture.api.generate import stale
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import CustomResource, parse
from posture.api.schedule import SCHEDULE
from posture.api.suppression_policy import SuppressionPolicy
from sandbox.controlplane import ControlPlane
from tests.support.api.malformed import MALFORMED, Malformed
from tests.support.api.objects import (
    ACCEPTED,
    DEFAULTS,
    Object,
    changed,
    minimal,
    whole,
)
from tests.support.api.schedules import schedules
from tests.support.e2e.kinds import APPLY, ROOT, Server
from tests.support.examples import examples


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


def test_the_printed_crds_are_taken_as_they_are(installed: ControlPlane) -> None:
    printed = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents()})
    again = installed.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=printed)
    assert again.stdout.count("serverside-applied") == len(KINDS)
