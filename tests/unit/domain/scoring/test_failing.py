"""Random organizations: each finding's state, and what fails in which order, are the oracle's."""

import json
from collections import Counter

from hypothesis import given

from posture.aws.securityhub.wire import decode_page
from posture.domain.failing import after_copy
from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Severity,
    Workflow,
)
from posture.domain.scoring.failing_controls import FailingControls
from posture.domain.scoring.finding_states import FindingStates
from posture.domain.scoring.scores import FindingState
from posture.domain.standards import Controls, product_of
from posture.domain.time import cutoff, text_of
from tests.support import oracle
from tests.support.examples import examples
from tests.support.oracle.asff import microseconds
from tests.support.oracle.failing import failing, failing_controls
from tests.support.oracle.organizations import NOW, WINDOW, Organization, organizations
from tests.support.oracle.product import view

SINCE = cutoff(microseconds(NOW), WINDOW // WINDOW.resolution)


def active(organization: Organization) -> list[Finding]:
    page = decode_page(json.dumps({"Findings": organization.raw()}).encode())
    assert not page.rejected
    return [
        each._replace(failing=after_copy(None, each))
        for each in page.findings
        if each.record_state is RecordState.ACTIVE
    ]


def state_of(finding: Finding, states: FindingStates) -> FindingState | None:
    state = states.at(finding.check, finding.account_id, finding.region)
    return None if state is None else state(finding)


@examples(300)
@given(organizations())
def test_the_state_of_each_finding_is_that_in_which_it_is_counted(organization: Organization) -> None:
    states = FindingStates(view(organization), SINCE)
    counted = Counter(
        (product_of(each.check), each.account_id, each.severity.name, state.name.lower())
        for each in active(organization)
        if (state := state_of(each, states)) is not None
    )
    expected = oracle.scores(
        organization.raw(), organization.spec, organization.hub, NOW, organization.turned_off
    )
    assert counted == expected["findings"]


@examples(300)
@given(organizations())
def test_what_fails_and_in_which_order_is_the_oracles(organization: Organization) -> None:
    states, controls = FindingStates(view(organization), SINCE), view(organization).controls
    failed = [each for each in active(organization) if state_of(each, states) is FindingState.FAILED]
    counts = FailingControls(controls)
    for each in failed:
        counts.add(each, states.enabled(each.check, each.account_id, each.region))
    expected = failing(organization.raw(), organization.spec, organization.hub, NOW, organization.turned_off)
    assert {each.id for each in failed} == {each.raw["Id"] for each in expected}
    assert [
        {
            "control": each.control,
            "title": each.title,
            "severity": each.severity.name,
            "standards": list(each.standards),
            "failed": each.failed,
            "accounts": each.accounts,
            "oldest": None if each.oldest is None else text_of(each.oldest),
        }
        for each in counts.worst_first()
    ] == failing_controls(expected, organization.spec, organization.hub)


@examples(50)
@given(organizations())
def test_the_order_of_findings_changes_nothing(organization: Organization) -> None:
    states, controls = FindingStates(view(organization), SINCE), view(organization).controls
    forwards, backwards = FailingControls(controls), FailingControls(controls)
    found = active(organization)
    for counts, findings in ((forwards, found), (backwards, found[::-1])):
        for each in findings:
            counts.add(each, states.enabled(each.check, each.account_id, each.region))
    assert forwards.worst_first() == backwards.worst_first()


def test_controls_come_by_severity_then_by_failed_findings_then_by_name() -> None:
    counts = FailingControls(Controls({}))
    for control, severity, times in (
        ("A.1", "MEDIUM", 1),
        ("Z.9", "MEDIUM", 2),
        ("B.1", "MEDIUM", 2),
        ("M.1", "LOW", 9),
        ("N.1", "CRITICAL", 1),
    ):
        for number in range(times):
            counts.add(finding(f"{control}/{number}", severity), [("s/v/1", control)])
    assert [each.control for each in counts.worst_first()] == ["N.1", "B.1", "Z.9", "A.1", "M.1"]


def finding(name: str, severity: str) -> Finding:
    return Finding(
        id=name,
        product_arn="arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        check=Check("Security Hub", CheckSource.SECURITY_HUB, name, numbered=False, standards=("s/v/1",)),
        account_id="111111111111",
        account_name="",
        region="eu-west-1",
        title=name,
        severity=Severity[severity],
        compliance=Compliance.FAILED,
        record_state=RecordState.ACTIVE,
        created_at=0,
        updated_at=0,
        resources=(),
        workflow=Workflow.NEW,
        note="",
        user_fields=(),
    )
