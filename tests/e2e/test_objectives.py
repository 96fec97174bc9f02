"""What a target aims at: what is overdue shows everywhere, ages by itself and is told."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import CIS_1_4, FSBP, ORGANIZATION, Stage

CRITICAL = {
    "SeverityLabel": [{"Comparison": "EQUALS", "Value": "CRITICAL"}],
    "ComplianceStatus": [{"Comparison": "EQUALS", "Value": "FAILED"}],
}
DAYS = 40
SEVERITIES = ("INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")
HOME = (ORGANIZATION.administrator, ORGANIZATION.regions[0])


def counts(finding: dict[str, Any]) -> bool:
    """Whether a finding is in state failed."""
    if (finding["RecordState"], finding["Workflow"]["Status"] == "SUPPRESSED") != ("ACTIVE", False):
        return False
    compliance = finding.get("Compliance", {})
    if compliance.get("Status") != "FAILED" or not finding["ProductArn"].endswith(
        "::product/aws/securityhub"
    ):
        return False
    named = {each["StandardsId"].partition("/")[2] for each in compliance["AssociatedStandards"]}
    pairs = {(standard, compliance["SecurityControlId"]) for standard in named & {FSBP, CIS_1_4}}
    if (finding["AwsAccountId"], finding["Region"]) == HOME:
        pairs -= set(ORGANIZATION.disabled_controls)
    fresh = datetime.fromisoformat(finding["UpdatedAt"]) > datetime.now(UTC) - timedelta(hours=30)
    return bool(pairs) and fresh


def expected(cloud: Cloud) -> Counter[str]:
    """What is overdue by account, worked out from the emulator's own findings."""
    last = datetime.now(UTC) - timedelta(days=DAYS)
    return Counter(
        finding["AwsAccountId"]
        for finding in cloud.control.findings()
        if counts(finding)
        and finding["Severity"]["Label"] in {"CRITICAL", "HIGH"}
        and datetime.fromisoformat(finding["FirstObservedAt"]) < last
    )


def worst(cloud: Cloud) -> list[tuple[str, str, int, int]]:
    """The controls with failed findings, worst first: severity, failed findings, accounts."""
    failed = [finding for finding in cloud.control.findings() if counts(finding)]
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in failed:
        groups.setdefault(finding["Compliance"]["SecurityControlId"], []).append(finding)
    found = [
        (
            control,
            max((each["Severity"]["Label"] for each in those), key=SEVERITIES.index),
            len(those),
            len({each["AwsAccountId"] for each in those}),
        )
        for control, those in groups.items()
    ]
    return sorted(found, key=lambda each: (-SEVERITIES.index(each[1]), -each[2], each[0]))


def shown(operator: OperatorProcess, name: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for series in operator.series("posture_findings_overdue", target=name):
        found[series.labels["account_id"]] += int(series.value)
    return found


def column(stage: Stage) -> str:
    """What `kubectl get` prints under OVERDUE."""
    header, row = stage.kubectl("get", "posturetargets").splitlines()
    start = header.index("OVERDUE")
    return row[start : header.index("CURRENT", start)].strip()


def test_what_is_overdue_is_counted_named_and_told(stage: Stage, cloud: Cloud) -> None:
    stage.configure(metrics={"perControl": True})
    within = f"{DAYS * 24}h"
    name = stage.target(objectives={"resolveWithin": {"critical": within, "high": within}})
    operator = stage.operator()
    operator.wait(lambda: stage.condition("Overdue", name)["status"] == "True", "the condition", seconds=60)
    truth = expected(cloud)
    assert truth
    operator.wait(lambda: shown(operator, name) == truth, "the oracle's numbers")
    status = stage.status(name)
    assert status["overdue"]["total"] == truth.total()
    assert column(stage) == str(truth.total())
    listed = status["overdueFindings"]
    assert len(listed) == min(20, truth.total())
    assert [each["due"] for each in listed] == sorted(each["due"] for each in listed)
    operator.wait(lambda: "FindingsOverdue" in stage.kubectl("get", "events"), "the event")
    first = worst(cloud)
    told = [
        (each["control"], each["severity"], each["failed"], each["accounts"])
        for each in status["worstControls"]
    ]
    assert told == first[:20]
    assert all(each["title"] and each["oldest"] for each in status["worstControls"])
    by_control: Counter[str] = Counter()
    for series in operator.series("posture_control_failed_findings", target=name, standard=FSBP):
        by_control[series.labels["control"]] += int(series.value)
    assert by_control.items() <= {control: failed for control, _, failed, _ in first}.items()
    assert by_control
    (info,) = operator.series("posture_target_info", target=name)
    assert (info.labels["account_id"], info.labels["region"]) == HOME
    hub = info.labels["hub"]
    assert operator.series("posture_sync_last_success_timestamp_seconds", hub=hub), "it joins target and hub"
    # A replica that begins without a store tells the same.
    operator.stop()
    other = stage.operator("replica-1")
    other.wait(lambda: shown(other, name) == truth, "the same numbers from another store", seconds=60)
    assert column(stage) == str(truth.total())


def test_a_finding_becomes_overdue_by_itself_and_is_overdue_no_longer_when_it_passes(
    stage: Stage, cloud: Cloud
) -> None:
    passed, failed = {"Compliance": {"Status": "PASSED"}}, {"Compliance": {"Status": "FAILED"}}
    cloud.control.mutate({"op": "update", "where": CRITICAL, "set": passed})
    name = stage.target(objectives={"resolveWithin": {"critical": "20s"}})
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    operator.wait(lambda: stage.condition("Overdue", name)["status"] == "False", "the condition")
    assert column(stage) == "0"
    assert not shown(operator, name)
    where = {
        "SeverityLabel": CRITICAL["SeverityLabel"],
        "ComplianceAssociatedStandardsId": [{"Comparison": "EQUALS", "Value": f"standards/{FSBP}"}],
    }
    (turned,) = cloud.control.mutate({"op": "update", "where": where, "set": failed, "limit": 3})
    assert turned == 3
    operator.wait(
        lambda: operator.series("posture_findings", target=name, severity="critical", state="failed"),
        "findings that fail",
    )
    assert stage.condition("Overdue", name)["status"] == "False", "they have failed for a moment"
    operator.wait(lambda: stage.condition("Overdue", name)["status"] == "True", "time to pass", seconds=60)
    assert column(stage) == str(len(stage.status(name)["overdueFindings"]))
    cloud.control.mutate({"op": "update", "where": CRITICAL, "set": passed})
    operator.wait(lambda: stage.condition("Overdue", name)["status"] == "False", "that they pass")
    operator.wait(lambda: not shown(operator, name), "the series to go")
    events = stage.kubectl("get", "events")
    assert "FindingsOverdue" in events
    assert "WithinTime" in events


def test_a_score_that_falls_is_told_and_no_replica_forgets_from_where(stage: Stage, cloud: Cloud) -> None:
    name = stage.target(objectives={"trend": {"window": "336h", "maxDrop": 2}})
    operator = stage.operator()
    operator.wait(lambda: stage.is_current(name), "the first exact score", seconds=60)
    assert stage.condition("Declining", name)["reason"] == "WithinMaxDrop"
    assert operator.value("posture_target_score_drop_ratio", target=name) == 0
    first = stage.status(name)
    cloud.control.mutate(
        {
            "op": "update",
            "where": {"ComplianceStatus": [{"Comparison": "EQUALS", "Value": "PASSED"}]},
            "set": {"Compliance": {"Status": "FAILED"}},
            "limit": 150,
        }
    )
    operator.wait(lambda: stage.condition("Declining", name)["status"] == "True", "the condition")
    operator.wait(lambda: "ScoreFell" in stage.kubectl("get", "events"), "the event")
    status = stage.status(name)
    drop = first["passed"] / first["scored"] - status["passed"] / status["scored"]
    assert drop > 0.02
    assert operator.value("posture_target_score_drop_ratio", target=name) == pytest.approx(drop, abs=1e-12)
    trend = status["trend"]
    assert trend["score"] == round(100 * first["passed"] / first["scored"], 2)
    assert (trend["drop"], trend["maxDrop"], trend["window"]) == (round(100 * drop, 2), 2, "336h")
    assert [(each["passed"], each["scored"]) for each in trend["points"]] == [
        (first["passed"], first["scored"])
    ]
    # Of another replica neither the store nor the memory knows of it.
    operator.stop()
    other = stage.operator("replica-1")
    since = status["scoreTime"]
    other.wait(
        lambda: stage.is_current(name) and stage.status(name)["scoreTime"] > since,
        "its own score",
        seconds=60,
    )
    assert stage.status(name)["trend"] == trend
    assert other.value("posture_target_score_drop_ratio", target=name) == pytest.approx(drop, abs=1e-12)
    assert stage.condition("Declining", name)["status"] == "True"
