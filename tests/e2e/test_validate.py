"""`posture validate` says what the API server says: over all that is malformed, and over what is spoilt."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, given

from posture.api.admission import refusals, without_nulls
from posture.api.resource import API_VERSION, CustomResource, InvalidObject, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.cli import main
from sandbox.controlplane import ControlPlane
from tests.support.api.malformed import MALFORMED, Malformed
from tests.support.api.objects import ACCEPTED, Object, minimal, whole
from tests.support.api.spoilt import spoilt_specs
from tests.support.examples import examples

pytestmark = pytest.mark.usefixtures("crds")


def by_server(plane: ControlPlane, kind: type[CustomResource], document: Object) -> str:
    """Return why the API server refuses an object; empty: it takes it."""
    path = f"/apis/{API_VERSION}/namespaces/default/{kind.plural}?dryRun=All&fieldValidation=Strict"
    status, answer = plane.request("POST", path, document)
    if status == http.client.CREATED:
        return ""
    assert status in {http.client.UNPROCESSABLE_ENTITY, http.client.BAD_REQUEST}, answer
    return str(answer["message"])


def by_operator(kind: type[CustomResource], document: Object) -> str:
    """Return why the operator cannot read what the API server has taken: it says so as Stalled."""
    try:
        parse(kind, {**document, "spec": without_nulls(document["spec"])})
    except InvalidObject as error:
        return str(error)
    return ""


def validated(folder: Path, documents: list[Object]) -> tuple[int, list[dict[str, Any]]]:
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(documents, allow_unicode=True), encoding="utf-8")
    done = CliRunner().invoke(main, ["validate", "-f", str(path), "-o", "json"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.parametrize("case", MALFORMED, ids=str)
def test_what_the_api_server_refuses_is_told(crds: ControlPlane, tmp_path: Path, case: Malformed) -> None:
    document = whole(case.kind, case.spec)
    assert by_server(crds, case.kind, document)
    code, told = validated(tmp_path, [document])
    assert code == 1
    assert {each["level"] for each in told} == {"error"}
    assert all(each["path"].startswith("spec") and each["line"] > 1 for each in told)


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
def test_what_the_api_server_takes_is_taken(
    crds: ControlPlane, tmp_path: Path, kind: type[CustomResource], spec: Object
) -> None:
    document = whole(kind, spec)
    assert by_server(crds, kind, document) == ""
    _, told = validated(tmp_path, [document])
    stalls = {"spec.action.builtin.name", "spec.action.builtin.parameters", "spec.source"}
    assert [each for each in told if each["level"] == "error" and each["path"] not in stalls] == []


@given(spoilt_specs())
@examples(150, suppress=[HealthCheck.function_scoped_fixture])
def test_whatever_is_spoilt_is_refused_by_both_or_by_neither(
    crds: ControlPlane, case: tuple[type[CustomResource], Object]
) -> None:
    kind, spec = case
    document = whole(kind, spec)
    ours, theirs = refusals(kind, document), by_server(crds, kind, document)
    assert bool(ours) == bool(theirs or by_operator(kind, document)), (ours, theirs)


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "a", "labels": {"a": 1}},
        {"name": "a", "labels": {"a b": "c"}},
        {"name": "a", "labels": {"a": "b c"}},
        {"name": "a", "labels": {"team/": "c"}},
        {"name": "a", "labels": {"a": "", "example.com/team_1": "x.y"}},
        {"name": "a", "annotations": {"a": True}},
        {"name": "a", "annotations": {"a": None, "b": "any\ntext"}},
        {"name": "a", "lables": {}},
        {"name": "A"},
        {"name": 5},
        {"name": "a..b"},
        {"name": "a.b-c"},
        {"name": "a-"},
        {"name": "a" * 64},
        {"generateName": "a-"},
        {},
        {"name": "a", "creationTimestamp": None},
        {"name": "a", "finalizers": []},
    ],
    ids=str,
)
def test_metadata_is_judged_alike(crds: ControlPlane, metadata: Object) -> None:
    document = {**whole(PostureTarget, minimal(PostureTarget)), "metadata": metadata}
    assert bool(refusals(PostureTarget, document)) == bool(by_server(crds, PostureTarget, document))


MUTELIST = {
    "Mutelist": {
        "Accounts": {
            "012345678901": {
                "Checks": {
                    "*": {"Regions": ["eu-*"], "Resources": ["*"], "Exceptions": {"Accounts": ["^1*2$"]}}
                }
            }
        }
    }
}
RULES = {
    "Rules": [
        {"note": f"Accepted for all of our reasons, {number}", "action": "SUPPRESSED", "match_on": match_on}
        for number, match_on in enumerate(
            (
                {},
                {"title": "012", "regions": ["eu-west-1"], "tags": [{"key": "y", "value": ""}]},
                {
                    "security_control_id": "S3.8",
                    "resource_id_regexps": ["^(a|[b-e]).{0,3}:$", "null", "[0-9]{2}"],
                },
            )
        )
    ]
}


@pytest.mark.parametrize(("form", "content"), [("fml", RULES), ("prowler-mutelist", MUTELIST)])
def test_what_is_imported_is_taken(
    crds: ControlPlane, tmp_path: Path, form: str, content: dict[str, Any]
) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    terms = ["--target", "organization", "--approved-by", "me", "--expires-at", "2027-03-31T00:00:00Z"]
    why = ["--justification", "Accepted by all of us, until spring"]
    done = CliRunner().invoke(main, ["import", form, str(path), *terms, *why])
    assert done.exit_code == 0, done.output
    assert " 0 not translated" in done.stderr
    for document in yaml.safe_load_all(done.stdout):
        assert by_server(crds, SuppressionPolicy, document) == ""
