"""`posture status`, `sync`, `suspend` and `resume` with the operator as a process."""

import json
from typing import Any

from tests.support.e2e.commands import command
from tests.support.e2e.exceptions import PLURAL, allow, in_effect, in_hours, policy, reason
from tests.support.e2e.stage import Stage


def told(stage: Stage, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = command(stage, stage.plane.kubeconfig, "status", *arguments, "-o", "json")
    listed = json.loads(done.stdout)
    assert isinstance(listed, list)
    return done.returncode, listed


def test_a_day_with_the_commands(stage: Stage) -> None:
    def run(*arguments: str) -> tuple[int, str, str]:
        done = command(stage, stage.plane.kubeconfig, *arguments)
        return done.returncode, done.stdout, done.stderr

    allow(stage)
    stage.target(interval="1h")
    code, out, err = run("status")
    assert (code, err) == (0, "")
    assert "no operator has looked at it yet" in out
    code, out, err = run("sync", "organization", "--wait", "--timeout", "1s")
    assert (code, out) == (124, "")
    assert "has not ended within 1s" in err

    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    policy(stage)
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    before = stage.status()["sync"]["lastSuccessTime"]
    code, out, err = run("sync", f"{stage.namespace}/organization", "--wait", "--timeout", "40s")
    assert code == 0, err
    status = stage.status()
    assert f"score {status['score']} %, {status['passed']} of {status['scored']} controls passed" in out
    assert status["sync"]["lastSuccessTime"] > before
    code, (target,) = told(stage, "organization")
    assert (code, target["score"], target["wrong"]) == (0, status["score"], [])
    assert [(each["name"], each["suspended"]) for each in target["policies"]] == [("logs", False)]

    said = f"SuppressionPolicy {stage.namespace}/logs is"
    assert run("suspend", "spol/logs") == (0, f"{said} suspended\n", "")
    assert run("suspend", "suppressionpolicy/logs") == (0, f"{said} suspended already\n", "")
    assert stage.get("logs", PLURAL)["spec"]["suspend"] is True
    assert told(stage)[1][0]["policies"][0]["suspended"] is True
    assert run("resume", "spol/logs") == (0, f"{said} not suspended\n", "")
    code, out, err = run("suspend", "spol/none", "pt/organization")
    assert (code, out) == (1, f"PostureTarget {stage.namespace}/organization is suspended\n")
    assert f"SuppressionPolicy {stage.namespace}/none: " in err
    code, out, err = run("sync", "organization", "--wait", "--timeout", "40s")
    assert (code, out) == (1, "")
    assert "is suspended: `posture resume` it first" in err
    assert run("resume", "pt/organization")[0] == 0

    policy(stage, "too-long", expiresAt=in_hours(24 * 4000))
    operator.wait(lambda: reason(stage, name="too-long")[1] == "ExpiresTooLate", "it to be refused")
    code, out, err = run("status")
    assert (code, err) == (1, "")
    assert "too-long: not ready (ExpiresTooLate)" in out
    assert "! Stalled is True, ExpiresTooLate: spec.expiresAt is further away" in out


def test_what_is_not_there_is_told(stage: Stage) -> None:
    for arguments in (["sync", "none"], ["status", "none"], ["resume", "pt/none"]):
        done = command(stage, stage.plane.kubeconfig, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "none" in done.stderr
        assert "Traceback" not in done.stderr
    done = command(stage, stage.plane.kubeconfig, "status")
    assert (done.returncode, done.stdout) == (0, "")
    assert "there are no PostureTargets" in done.stderr


def test_a_run_that_comes_to_nothing_ends_with_1(stage: Stage) -> None:
    stage.configure(grants=[])
    stage.target()
    operator = stage.operator()
    operator.wait(lambda: stage.condition("Stalled")["status"] == "True", "it to be refused", seconds=60)
    done = command(stage, stage.plane.kubeconfig, "sync", "organization", "--wait", "--timeout", "40s")
    assert (done.returncode, done.stdout) == (1, "")
    assert "NotGranted" in done.stderr


def test_without_rights_it_says_which_is_missing(stage: Stage) -> None:
    stage.plane.kubectl("create", "serviceaccount", "nobody", "-n", stage.namespace)
    theirs = stage.plane.kubeconfig_for("nobody", stage.namespace)
    for arguments in (["status"], ["sync", "a"], ["suspend", "pt/a"]):
        done = command(stage, theirs, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "you may not " in done.stderr
        assert "posturetargets.posture.dev" in done.stderr
