"""Argo CD's scripts, run by Lua 5.1 as Argo CD does: what is shown of each state, what actions change."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa import lua51

from deploy.argocd.generate import ACTIONS, FOLDER, customizations
from posture.api.crds import KINDS

Json = dict[str, Any]
CONFIG_MAP = Path(FOLDER, "argocd-cm.yaml")


def lua(value: Any, runtime: Any) -> Any:
    """Give a value to Lua: tables all the way down."""
    if isinstance(value, dict):
        return runtime.table_from({key: lua(each, runtime) for key, each in value.items()})
    if isinstance(value, list):
        return runtime.table_from([lua(each, runtime) for each in value])
    return value


def plain(value: Any) -> Any:
    """Take a value from Lua."""
    return {key: plain(each) for key, each in value.items()} if lua51.lua_type(value) == "table" else value


def run(script: str, obj: Json) -> Json:
    """Run a script over an object."""
    runtime = lua51.LuaRuntime(unpack_returned_tuples=True)
    runtime.globals().obj = lua(obj, runtime)
    answer: Json = plain(runtime.execute(script))
    return answer


def shown(kind: str, obj: Json) -> tuple[str, str]:
    script = customizations()[f"resource.customizations.health.posture.dev_{kind}"]
    health = run(script, {"kind": kind, **obj})
    return health["status"], health["message"]


def declared(suspend: bool | None = None, generation: int = 2, **conditions: str) -> Json:
    spec = {} if suspend is None else {"suspend": suspend}
    said = [{"type": each, "status": status, "message": f"{each}."} for each, status in conditions.items()]
    return {
        "metadata": {"generation": 2},
        "spec": spec,
        "status": {"observedGeneration": generation, "conditions": said},
    }


CASES = [
    ("Progressing", {"metadata": {"generation": 1}, "spec": {}}),
    ("Progressing", declared(generation=1, Ready="True")),
    ("Healthy", declared(Ready="True", Reconciling="False", Stalled="False", ScoreCurrent="False")),
    ("Progressing", declared(Ready="False", Reconciling="True", Stalled="False")),
    ("Degraded", declared(Ready="False", Reconciling="False", Stalled="True")),
    ("Degraded", declared(Ready="False", Reconciling="False", Stalled="False")),
    ("Suspended", declared(suspend=True, Ready="Unknown")),
    ("Healthy", declared(suspend=False, Ready="True")),
]


@pytest.mark.parametrize(("status", "obj"), CASES)
@pytest.mark.parametrize("kind", ["PostureTarget", "SuppressionPolicy", "RemediationRule"])
def test_what_is_declared_is_as_healthy_as_its_conditions(kind: str, status: str, obj: Json) -> None:
    assert shown(kind, obj)[0] == status


def test_the_message_is_that_of_the_operator() -> None:
    obj = declared(Stalled="True", Ready="False")
    assert shown("PostureTarget", obj) == ("Degraded", "Ready.")


@pytest.mark.parametrize(
    ("reason", "complete", "status"),
    [
        ("AwaitingApproval", "False", "Suspended"),
        ("Running", "False", "Progressing"),
        ("Undoing", "False", "Progressing"),
        ("Succeeded", "True", "Healthy"),
        ("Skipped", "True", "Healthy"),
        ("Undone", "True", "Healthy"),
        ("Failed", "True", "Degraded"),
    ],
)
def test_a_remediation_is_as_healthy_as_its_state(reason: str, complete: str, status: str) -> None:
    conditions = [{"type": "Complete", "status": complete, "reason": reason, "message": "m"}]
    assert (
        shown("Remediation", {"metadata": {}, "spec": {}, "status": {"conditions": conditions}})[0] == status
    )
    assert shown("Remediation", {"metadata": {}, "spec": {}})[0] == "Progressing"


def actions_of(kind: str) -> Json:
    found: Json = yaml.safe_load(customizations()[f"resource.customizations.actions.posture.dev_{kind}"])
    return found


def test_actions_are_offered_where_they_change_something() -> None:
    discovery = actions_of("PostureTarget")["discovery.lua"]

    def offered(obj: Json) -> set[str]:
        return {name for name, each in run(discovery, obj).items() if not each["disabled"]}

    assert offered({"spec": {}}) == {"sync", "suspend"}
    assert offered({"spec": {"suspend": True}}) == {"resume"}


def test_each_action_changes_just_that() -> None:
    scripts = {each["name"]: each["action.lua"] for each in actions_of("RemediationRule")["definitions"]}
    assert set(scripts) == set(ACTIONS)
    obj = {"metadata": {"name": "a"}, "spec": {"mode": "Enforce"}}
    assert run(scripts["suspend"], obj) == {
        "metadata": {"name": "a"},
        "spec": {"mode": "Enforce", "suspend": True},
    }
    assert run(scripts["resume"], obj)["spec"] == {"mode": "Enforce", "suspend": False}
    asked = run(scripts["sync"], obj)
    (annotation,) = asked["metadata"].pop("annotations").items()
    assert annotation[0] == "posture.dev/requestedAt"
    assert annotation[1].endswith("Z")
    assert asked == obj


def test_a_config_map_can_hold_it() -> None:
    document = yaml.safe_load(CONFIG_MAP.read_text(encoding="utf-8"))
    assert document["data"] == customizations()
    # Letters, digits, -, _ and . alone (Kubernetes API reference, ConfigMap).
    assert all(key.replace(".", "").replace("-", "").replace("_", "").isalnum() for key in document["data"])
    assert {key.rpartition("_")[2] for key in document["data"]} == {each.__name__ for each in KINDS}
