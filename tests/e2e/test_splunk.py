"""Findings in Splunk: each change, in order, though the operator is killed and Splunk away."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.operator_process import OperatorProcess
from sandbox.splunk.collector import Collector, Token, code
from sandbox.splunk.server import serve
from tests.support.e2e.stage import Stage

TOKEN = "b0a7c3de-6a53-4c55-8a7e-6f6f0b7c5b7a"  # noqa: S105 - of this file alone


def of(collector: Collector, finding_id: str) -> list[tuple[str, str]]:
    """What was told of a finding, repeats left out: the change, and how it stands since."""
    found: dict[str, tuple[str, str]] = {}
    for each in list(collector.events):
        if each["sourcetype"] == "aws:securityhub:finding" and each["event"]["Id"] == finding_id:
            found[each["fields"]["posture_event_id"]] = (
                each["fields"]["posture_change"],
                each["event"]["Compliance"]["Status"],
            )
    return list(found.values())


def failed(finding: dict[str, Any]) -> bool:
    return bool(finding.get("Compliance", {}).get("Status") == "FAILED")


def waits(operator: OperatorProcess) -> bool:
    """Whether Published says that something waits."""
    return bool(operator.value("posture_output_queue_length", output="soc", kind="splunk"))


@pytest.mark.timeout(300)
def test_changes_arrive_whole_and_in_order_though_the_operator_is_killed(
    stage: Stage, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n", "utf-8")
    collector = Collector({TOKEN: Token(acknowledge=True)})
    with serve(collector) as url:
        splunk: dict[str, Any] = {
            "name": "soc",
            "namespaces": [stage.namespace],
            "url": url,
            "tokenFile": str(token),
            "acknowledge": True,
        }
        stage.configure(outputs={"splunk": [splunk]})
        stage.target(publish=[{"output": "soc"}], fullSyncInterval="10s")
        operator = stage.operator()
        operator.wait(stage.is_current, "the first sweep", seconds=90)

        # A first sweep tells no findings, but scores.
        operator.wait(
            lambda: any(
                each["sourcetype"] == "posture:score" and each["event"]["scope"] == "target"
                for each in list(collector.events)
            ),
            "the score",
            seconds=60,
        )
        assert not [each for each in collector.events if each["sourcetype"] == "aws:securityhub:finding"]

        # Splunk is away while findings change, and the operator is killed in the middle of it.
        collector.faults += [lambda _: code(9)] * 100_000
        cloud, before = stage.cloud, set(collector.ids)
        changed, gone = [each["Id"] for each in cloud.control.findings() if failed(each)][:2]
        for status in ("PASSED", "FAILED"):
            polled = stage.status()["sync"]["lastSuccessTime"]
            cloud.control.mutate({"op": "update", "id": changed, "set": {"Compliance": {"Status": status}}})
            operator.wait(
                lambda polled=polled: stage.status()["sync"]["lastSuccessTime"] > polled,  # type: ignore[misc] # bound at once
                "a poll after the change",
                seconds=60,
            )
            operator.wait(lambda: waits(operator), "what waits", seconds=60)
        cloud.control.mutate({"op": "update", "id": gone, "set": {"Description": "as last known"}})
        operator.kill()
        assert set(collector.ids) == before
        operator = operator.start()
        cloud.control.mutate({"op": "delete", "id": gone})
        collector.faults.clear()
        operator.wait(lambda: len(of(collector, changed)) == 2, "both changes", seconds=90)
        operator.wait(lambda: ("gone", "FAILED") in of(collector, gone), "what is gone", seconds=90)

    assert of(collector, changed) == [("changed", "PASSED"), ("changed", "FAILED")]
    (now,) = [each for each in cloud.control.findings() if each["Id"] == changed]
    last = [each for each in collector.events if each["event"].get("Id") == changed][-1]
    assert last["event"] == now
    assert TOKEN not in operator.log()
    assert TOKEN not in operator.get("/metrics")[1]
    assert TOKEN not in stage.kubectl("get", "posturetargets,events", "-o", "yaml")
