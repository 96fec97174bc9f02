"""What the API server would refuse, said without one; that it is its verdict is tried on a real one."""

from typing import Any

import pytest
from hypothesis import given

from posture.api.admission import refusals
from posture.api.crds import kind_schema
from posture.api.resource import CustomResource, dotted
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from tests.support.api.malformed import MALFORMED, Malformed
from tests.support.api.objects import ACCEPTED, FSBP, Object, changed, minimal, whole
from tests.support.api.spoilt import spoilt_specs
from tests.support.api.structural import refused
from tests.support.examples import examples

TARGET = whole(PostureTarget, minimal(PostureTarget))


def said(kind: type[CustomResource], document: Object) -> dict[str, str]:
    return {dotted(path): says for path, says in refusals(kind, document)}


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
def test_what_the_api_server_takes_is_taken(kind: type[CustomResource], spec: Object) -> None:
    assert refusals(kind, whole(kind, spec)) == []


@pytest.mark.parametrize("case", MALFORMED, ids=str)
def test_what_the_api_server_refuses_is_refused_at_its_place(case: Malformed) -> None:
    found = said(case.kind, whole(case.kind, case.spec))
    wrong = f"spec.{case.path}"
    assert any(
        path.startswith((wrong, wrong.rpartition(".")[0])) or wrong.startswith(path) for path in found
    ), found


@given(spoilt_specs())
@examples(200)
def test_whatever_a_schema_refuses_is_refused(case: tuple[type[CustomResource], Object]) -> None:
    kind, spec = case
    schema = kind_schema(kind)["properties"]["spec"]
    if refused(schema, _without_null_fields(spec)):
        assert refusals(kind, whole(kind, spec))


def _without_null_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null_fields(each) for key, each in value.items() if each is not None}
    return [_without_null_fields(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("objectives.minimumScore", "90", "write a number"),
        ("objectives.minimumScore", True, "write a number"),
        (
            "accounts.exclude",
            ["999988887777", "999988887777"],
            "the same value is there already: write it once",
        ),
        (
            "grouping.overrides",
            [{"accountId": "444455556666", "workload": each} for each in "ab"],
            "an entry with the same accountId is there already: write it once",
        ),
        ("interval", None, ""),
        ("aws.region", None, "this field is required"),
        ("products", [None], "write text, in quotes"),
    ],
)
def test_what_reading_alone_would_let_pass(path: str, value: object, says: str) -> None:
    found = said(PostureTarget, whole(PostureTarget, changed(minimal(PostureTarget), path, value)))
    assert list(found.values()) == ([says] if says else [])


@pytest.mark.parametrize(
    "text",
    ["2027-03-31 00:00:00Z", "2027-03-31T00:00Z", "1800000000", "2027-03-31T00:00:00+0000", "2027-03-31"],
)
def test_a_time_is_written_as_kubernetes_does(text: str) -> None:
    spec = changed(minimal(SuppressionPolicy), "expiresAt", text)
    assert list(said(SuppressionPolicy, whole(SuppressionPolicy, spec))) == ["spec.expiresAt"]


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        (None, "metadata"),
        ([], "metadata"),
        ({}, "metadata.name"),
        ({"name": 5}, "metadata.name"),
        ({"name": "Organization"}, "metadata.name"),
        ({"name": "a" * 64}, "metadata.name"),
        ({"name": "a..b"}, "metadata.name"),
        ({"name": "a", "namespace": "a.b"}, "metadata.namespace"),
        ({"name": "a", "lables": {}}, "metadata.lables"),
        ({"name": "a", "labels": {"a": 1}}, "metadata.labels.a"),
        ({"name": "a", "labels": {"a b": "c"}}, "metadata.labels.a b"),
        ({"name": "a", "labels": {"team/": "c"}}, "metadata.labels.team/"),
        ({"name": "a", "labels": {"a": "b c"}}, "metadata.labels.a"),
        ({"name": "a", "annotations": {"a": True}}, "metadata.annotations.a"),
        ({"name": "a", "annotations": []}, "metadata.annotations"),
    ],
)
def test_metadata_is_held_to_what_kubernetes_takes(metadata: object, path: str) -> None:
    assert list(said(PostureTarget, {**TARGET, "metadata": metadata})) == [path]


def test_an_unknown_field_is_told_with_what_may_have_been_meant() -> None:
    spec = {**minimal(PostureTarget), "intervall": "5m"}
    spec["aws"] = {**spec["aws"], "rolArn": "x"}
    found = said(PostureTarget, {**whole(PostureTarget, spec), "Spec": {}})
    assert found["spec.intervall"].endswith("did you mean interval?")
    assert found["spec.aws.rolArn"].endswith("did you mean roleArn?")
    assert "Spec" in found
    spec = changed(minimal(PostureTarget), "source", {"securityStandards": {"standards": [FSBP], "x": 1}})
    assert (
        "did you mean"
        not in said(PostureTarget, whole(PostureTarget, spec))["spec.source.securityStandards.x"]
    )


@pytest.mark.parametrize("value", ["5", 5.5, True])
def test_a_whole_number_is_written_as_one(value: object) -> None:
    spec = changed(minimal(SuppressionPolicy), "suppressFindings.maxFindings", value)
    found = said(SuppressionPolicy, whole(SuppressionPolicy, spec))
    assert list(found) == ["spec.suppressFindings.maxFindings"]


def test_of_one_thing_one_is_said() -> None:
    spec = changed(minimal(PostureTarget), "interval", 300)
    assert len(refusals(PostureTarget, whole(PostureTarget, spec))) == 1
    without = {key: value for key, value in TARGET.items() if key != "spec"}
    assert said(PostureTarget, without) == {"spec": "this field is required"}
    assert said(PostureTarget, {**TARGET, "spec": 5}) == {"spec": "write fields, as in `name: value`"}
