"""What `posture check` says of CRDs, configuration and roles, and how it prints it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from posture.api.crds import documents
from posture.cli import main
from posture.cli.check.cluster import judge_crds
from posture.cli.check.configuration import Looking, judge_owner, look_at, read_configuration
from posture.cli.check.member_roles import of_policy, of_rule
from posture.cli.check.result import CheckResult, CheckStatus, as_lines, failed, ok
from posture.cli.check.targets import judge_simulation
from posture.domain.grants import AskedDocument, Builtin, Mode
from posture.hubs.demand import HubKey

READER = "arn:aws:iam::111122223333:role/posture-reader"
TARGET: dict[str, Any] = {
    "metadata": {"name": "organization", "namespace": "security", "uid": "u"},
    "spec": {
        "aws": {"region": "eu-west-1", "roleArn": READER},
        "source": {"securityStandards": {"standards": ["*"]}},
    },
}
GRANT = {"namespaces": ["security"], "roleArns": [READER], "accounts": ["*"], "verbs": ["Score"]}


def stored(**changes: Any) -> dict[str, Any]:
    return {each["metadata"]["name"]: each for each in copy.deepcopy(documents())} | changes


def test_crds_with_all_that_this_version_has_are_of_it() -> None:
    assert judge_crds(documents(), stored()).status is CheckStatus.OK
    more = stored()
    schema = more["posturetargets.posture.dev"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["x-kubernetes-preserve-unknown-fields"] = False
    assert judge_crds(documents(), more).status is CheckStatus.OK


@pytest.mark.parametrize("where", ["field", "rule", "bound", "version", "all"])
def test_crds_that_lack_something_are_of_another_version(where: str) -> None:
    found = stored()
    version = found["posturetargets.posture.dev"]["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    if where == "field":
        del spec["properties"]["objectives"]["properties"]["minimumScore"]
    elif where == "rule":
        spec["properties"]["source"]["x-kubernetes-validations"].pop()
    elif where == "bound":
        spec["properties"]["interval"]["maxLength"] += 1
    elif where == "version":
        version["name"] = "v1alpha0"
    else:
        del found["posturetargets.posture.dev"]
    verdict = judge_crds(documents(), found)
    assert verdict.status is CheckStatus.WARNING
    assert verdict.message.startswith("posturetargets.posture.dev are of another version")


def looked(tmp_path: Path, configuration: dict[str, Any] | None, **spec: Any) -> Looking:
    file = tmp_path / "posture.yaml"
    if configuration is not None:
        file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    document = {**TARGET, "spec": {**TARGET["spec"], **spec}}
    return look_at(document, read_configuration(None if configuration is None else file))


def test_a_target_is_looked_at_as_it_is_granted(tmp_path: Path) -> None:
    found = looked(tmp_path, {"grants": [{**GRANT, "externalId": "x"}]})
    assert (found.verdict.status, found.hub) == (CheckStatus.OK, HubKey(READER, "x", "eu-west-1"))
    none = looked(tmp_path, {})
    assert (none.verdict.status, none.hub) == (CheckStatus.FAILED, None)
    odd = looked(tmp_path, {"grants": [GRANT]}, interval="1s")
    assert (odd.verdict.status, "interval" in odd.verdict.message) == (CheckStatus.FAILED, True)
    least = looked(tmp_path, {"grants": [GRANT]}, interval="5s")
    assert (least.verdict.status, "is used" in least.verdict.message) == (CheckStatus.WARNING, True)


def test_without_a_configuration_what_is_granted_is_not_known(tmp_path: Path) -> None:
    found = looked(tmp_path, None)
    assert (found.verdict.status, found.hub, found.grant) == (
        CheckStatus.UNKNOWN, HubKey(READER, None, "eu-west-1"), None,
    )  # fmt: skip
    assert looked(tmp_path, None, interval="1s").verdict.status is CheckStatus.FAILED
    assert looked(tmp_path, {"grants": 1}).hub is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (yaml.safe_dump({"grants": [GRANT]}), CheckStatus.OK),
        (yaml.safe_dump({"grants": [GRANT], "writes": "Frozen"}), CheckStatus.WARNING),
        ("{}", CheckStatus.WARNING),
        ("grant: []", CheckStatus.FAILED),
        ("{", CheckStatus.FAILED),
    ],
)
def test_the_configuration_is_read(tmp_path: Path, text: str, expected: CheckStatus) -> None:
    file = tmp_path / "posture.yaml"
    file.write_text(text, encoding="utf-8")
    verdict = read_configuration(file).verdict
    assert verdict.status is expected
    assert bool(verdict.advice) == (expected is not CheckStatus.OK)
    assert read_configuration(tmp_path / "none").verdict.status is CheckStatus.FAILED


CLUSTER = {CheckStatus.OK: ok("read"), CheckStatus.FAILED: failed("not read", "do")}


@pytest.mark.parametrize(
    ("configuration", "cluster", "expected"),
    [
        ({"grants": [{**GRANT, "verbs": ["Suppress"]}]}, CheckStatus.OK, CheckStatus.OK),
        ({"grants": [{**GRANT, "verbs": ["Suppress"]}]}, CheckStatus.FAILED, CheckStatus.FAILED),
        ({"grants": [{**GRANT, "verbs": ["DisableControls"]}]}, CheckStatus.FAILED, CheckStatus.FAILED),
        (
            {"grants": [{**GRANT, "verbs": ["DisableControls"]}], "ownerId": "a"},
            CheckStatus.FAILED,
            CheckStatus.OK,
        ),
        ({"grants": [GRANT]}, CheckStatus.FAILED, CheckStatus.OK),
        ({"grants": 1}, CheckStatus.OK, CheckStatus.UNKNOWN),
    ],
)
def test_what_is_marked_needs_a_name(
    tmp_path: Path, configuration: dict[str, Any], cluster: CheckStatus, expected: CheckStatus
) -> None:
    file = tmp_path / "posture.yaml"
    file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
    assert judge_owner(read_configuration(file).config, CLUSTER[cluster]).status is expected


def test_roles_are_those_that_policies_and_rules_name() -> None:
    off = {"disableControls": {"roleName": "controls", "accounts": ["1111*"]}}
    named = of_policy({"spec": off})
    assert named is not None
    assert (named.role_name, named.accounts) == ("controls", ("1111*",))
    assert of_policy({"spec": {"suppressFindings": {}}}) is None
    builtin = of_rule({"spec": {"action": {"builtin": {"name": "a"}}, "identity": {"roleName": "r"}}})
    assert builtin is not None
    assert (builtin.role_name, builtin.action, builtin.mode) == ("r", Builtin("a"), Mode.DRY_RUN)
    document = of_rule({"spec": {"action": {"ssmAutomation": {"document": "D"}}, "mode": "Enforce"}})
    assert document is not None
    assert (document.role_name, document.action) == ("posture-remediation", AskedDocument("D"))
    assert document.mode is Mode.ENFORCE
    assert of_rule({"spec": {"action": {}}}) is None


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (["allowed"], CheckStatus.OK),
        (["implicitDeny"], CheckStatus.FAILED),
        (["allowed", "explicitDeny"], CheckStatus.FAILED),
        ([], CheckStatus.UNKNOWN),
    ],
)
def test_only_what_is_allowed_is_allowed(decisions: list[str], expected: CheckStatus) -> None:
    answer = {"EvaluationResults": [{"EvalDecision": each} for each in decisions]}
    assert judge_simulation(answer, READER).status is expected


def test_lines_have_advice_below_and_nothing_of_others_acts_on_a_terminal() -> None:
    shown = as_lines(
        [
            CheckResult("a", CheckStatus.OK, "well\x1b[2J"),
            CheckResult("a/longer", CheckStatus.FAILED, "not\nwell", "do"),
        ]
    )
    assert shown.splitlines() == [
        "STATUS   CHECK      MESSAGE",
        r"ok       a          well\x1b[2J",
        "failed   a/longer   not well",
        "         → do",
    ]


def test_help_names_what_it_ends_with_and_a_wrong_line_ends_with_2() -> None:
    done = CliRunner().invoke(main, ["check", "--help"])
    assert (done.exit_code, "POSTURE_CONFIG" in done.output) == (0, True)
    assert CliRunner().invoke(main, ["check", "-n", "No_Namespace"]).exit_code == 2
