"""GetFindings and BatchUpdateFindings against the emulator, and what happens when the way to it breaks."""

import pytest

from posture.aws.client import sessions as module
from posture.aws.client.errors import (
    AccessDenied,
    HubNotEnabled,
    InvalidRequest,
    MalformedResponse,
    Retryable,
    Throttled,
    TokenRefused,
)
from posture.aws.client.limiter import Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import NoteUpdate, SecurityHub
from posture.domain.findings import FindingId, Workflow
from posture.domain.time import DAY, parse_timestamp
from sandbox.securityhub.client import ControlClient
from tests.component.aws.conftest import ADMINISTRATOR, MEMBER, Hub, finding

OWN = {"ProductName": [{"Comparison": "EQUALS", "Value": "Security Hub"}]}


async def test_reads_pages_to_the_end(hub: SecurityHub, control: ControlClient, usage: Usage) -> None:
    control.load([finding(n) for n in range(250)])
    sort = [{"Field": "UpdatedAt", "SortOrder": "asc"}]
    ids: list[str] = []
    stamps: list[int] = []
    token = None
    while True:
        page = await hub.get_findings(OWN, sort=sort, next_token=token)
        ids += [found.id for found in page.findings]
        stamps.append(page.asked_at)
        token = page.next_token
        if token is None:
            break
    assert sorted(ids) == [finding(n)["Id"] for n in range(250)]
    assert len(stamps) == 3
    assert stamps == sorted(set(stamps))
    assert page.seconds > 0
    assert usage.requests["securityhub", "GetFindings", "200"] == 3
    assert usage.requests["sts", "GetCallerIdentity", "200"] == 1


@pytest.mark.parametrize("shown", ["2031-05-05T05:05:05Z", "2024-02-02T02:02:02Z"])
async def test_asked_at_is_by_the_clock_of_aws(hub: SecurityHub, control: ControlClient, shown: str) -> None:
    control.clock(set=shown, freeze=True)
    for _ in range(2):
        page = await hub.get_findings(OWN)
        assert page.uncertainty is not None
        assert abs(page.asked_at - parse_timestamp(shown)) <= 2_000_000
    control.clock(advance=3600)
    for _ in range(3):
        await hub.get_findings(OWN)
    page = await hub.get_findings(OWN)
    assert abs(page.asked_at - parse_timestamp(shown) - 3_600_000_000) <= 2_000_000


FAULTS = ["error", "unreachable", "reset", "truncated", "html", "empty"]


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_passing_fault_is_not_noticed(
    hub: SecurityHub, control: ControlClient, usage: Usage, kind: str
) -> None:
    control.load([finding(n) for n in range(3)])
    control.fault(kind, "GetFindings", count=3)
    page = await hub.get_findings(OWN)
    assert len(page.findings) == 3
    outcomes = {code: n for (_, operation, code), n in usage.requests.items() if operation == "GetFindings"}
    assert outcomes.pop("200") == 1
    assert sum(outcomes.values()) == 3


@pytest.mark.parametrize("kind", FAULTS)
async def test_a_fault_that_stays_is_an_error_and_never_an_empty_page(
    hub: SecurityHub, control: ControlClient, kind: str
) -> None:
    control.load([finding(n) for n in range(3)])
    control.fault(kind, "GetFindings", count=None)
    with pytest.raises(Retryable) as raised:
        await hub.get_findings(OWN)
    assert control.call_total("GetFindings") == (0 if kind == "unreachable" else 5)
    assert isinstance(raised.value, MalformedResponse) == (kind in {"truncated", "html", "empty"})
    assert raised.value.advice
    control.lift_faults()
    assert len((await hub.get_findings(OWN)).findings) == 3


async def test_throttling_is_waited_out_and_counted(
    hub: SecurityHub, control: ControlClient, usage: Usage
) -> None:
    control.load([finding(0)])
    control.fault("throttle", "GetFindings", count=9)
    page = await hub.get_findings(OWN)
    assert len(page.findings) == 1
    assert usage.requests["securityhub", "GetFindings", "TooManyRequestsException"] == 9
    assert usage.throttled_seconds["securityhub", "GetFindings", "TooManyRequestsException"] > 0
    buckets = hub._calls._limiters
    assert buckets.bucket(ADMINISTRATOR, "eu-west-1", "securityhub", "GetFindings").rate < 1


async def test_throttling_past_all_patience_is_an_error(hub: SecurityHub, control: ControlClient) -> None:
    control.fault("throttle", "GetFindings", count=None)
    with pytest.raises(Throttled) as raised:
        await hub.get_findings(OWN, patience=0.1)
    assert "quotaShare" in raised.value.advice


async def test_a_dead_token_starts_the_window_over(hub: SecurityHub, control: ControlClient) -> None:
    control.load([finding(n) for n in range(150)])
    token = (await hub.get_findings(OWN)).next_token
    control.expire_tokens()
    with pytest.raises(TokenRefused):
        await hub.get_findings(OWN, next_token=token)
    fresh = (await hub.get_findings(OWN)).next_token
    changed = {"ProductName": [{"Comparison": "PREFIX", "Value": "Security"}]}
    with pytest.raises(TokenRefused):
        await hub.get_findings(changed, next_token=fresh)


async def test_a_filter_that_aws_refuses_is_terminal(hub: SecurityHub) -> None:
    with pytest.raises(InvalidRequest):
        await hub.get_findings({"UpdatedAt": [{"Start": "2026-01-01T00:00:00Z"}]})


async def test_denied_says_which_action_to_allow(hub: SecurityHub, control: ControlClient) -> None:
    control.fault("denied", "GetFindings", count=None)
    with pytest.raises(AccessDenied, match="Allow securityhub:GetFindings"):
        await hub.get_findings(OWN)
    assert control.call_total("GetFindings") == 1


async def test_a_hub_that_is_off_says_so(hub: SecurityHub, control: ControlClient) -> None:
    control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    for call in (hub.get_findings(OWN), hub.discover()):
        with pytest.raises(HubNotEnabled, match="Enable Security Hub"):
            await call


async def test_one_quota_for_all_hubs_of_an_account(hub_of: Hub, control: ControlClient) -> None:
    control.load([finding(0)])
    control.settings(quotas={"enabled": True, "rates": {"GetFindings": [1000, 1000]}})
    first, second = hub_of(), hub_of(f"arn:aws:iam::{ADMINISTRATOR}:role/reader")
    await first.get_findings(OWN)
    control.fault("throttle", "GetFindings", count=1)
    await second.get_findings(OWN)
    buckets = first._calls._limiters._buckets
    assert [key for key in buckets if key[3] == "GetFindings"] == [
        (ADMINISTRATOR, "eu-west-1", "securityhub", "GetFindings")
    ]


def identity(number: int, account: str = ADMINISTRATOR) -> FindingId:
    found = finding(number, account)
    return FindingId(found["ProductArn"], found["Id"])


async def test_updates_findings_and_sorts_out_what_was_not(hub: SecurityHub, control: ControlClient) -> None:
    control.load([finding(0), finding(1), finding(2, MEMBER)])
    control.fault(
        "unprocessed", "BatchUpdateFindings", options={"code": "ConcurrentUpdateError", "findings": 1}
    )
    asked = [identity(0), identity(1), identity(2, MEMBER), FindingId(identity(0).product_arn, "unknown")]
    result = await hub.batch_update_findings(
        asked,
        workflow=Workflow.SUPPRESSED,
        note=NoteUpdate("accepted until spring", "posture-operator"),
        user_fields={"posture.dev/owner": "me"},
    )
    assert sorted(entry.code for entry in result.unprocessed) == ["ConcurrentUpdateError", "FindingNotFound"]
    assert {*result.processed} | {entry.finding for entry in result.unprocessed} == {*asked}
    again = {found.id: found for found in (await hub.get_findings(OWN)).findings}
    for done in result.processed:
        found = again[done.id]
        assert (found.workflow, found.note) == (Workflow.SUPPRESSED, "accepted until spring")
        assert found.user_fields == (("posture.dev/owner", "me"),)


@pytest.mark.parametrize("kind", ["truncated", "html", "empty"])
async def test_an_update_without_an_answer_is_not_taken_for_done(
    hub: SecurityHub, control: ControlClient, kind: str
) -> None:
    control.load([finding(0)])
    control.fault(kind, "BatchUpdateFindings", count=None)
    with pytest.raises(MalformedResponse):
        await hub.batch_update_findings([identity(0)], workflow=Workflow.NOTIFIED)


async def test_a_write_ends_within_its_time(hub: SecurityHub, control: ControlClient) -> None:
    control.load([finding(0)])
    control.fault("slow", "BatchUpdateFindings", count=None, options={"seconds": 30})
    with pytest.raises(Retryable, match=r"within 0\.3 s"):
        await hub.batch_update_findings([identity(0)], workflow=Workflow.NOTIFIED, within=0.3)


async def test_a_write_is_not_sent_after_its_time(
    hub: SecurityHub, sessions: Sessions, control: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the process was stopped while it waited for the quota: the Lease is another's by then."""
    control.load([finding(0)])
    await hub.get_findings(OWN)
    client, clock, stopped = sessions.client, hub._calls.clock, 0.0
    steady = clock.steady

    async def slow(identity: Identity, service: str) -> object:
        nonlocal stopped
        made = await client(identity, service)
        stopped = 60.0
        return made

    monkeypatch.setattr(sessions, "client", slow)
    monkeypatch.setattr(clock, "steady", lambda: steady() + stopped)
    with pytest.raises(Retryable, match=r"within 20 s"):
        await hub.batch_update_findings([identity(0)], workflow=Workflow.NOTIFIED, within=20)
    assert control.calls("BatchUpdateFindings")["requests"] == []


async def test_an_answer_that_does_not_come_is_asked_for_again(
    hub: SecurityHub, control: ControlClient, usage: Usage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READ_TIMEOUT", 0.5)
    control.load([finding(0)])
    control.fault("slow", "GetFindings", count=1, options={"seconds": 30})
    page = await hub.get_findings(OWN)
    assert len(page.findings) == 1
    assert page.seconds < 0.5
    assert usage.requests["securityhub", "GetFindings", "ReadTimeoutError"] == 1


@pytest.mark.parametrize("count", [0, 101])
async def test_a_batch_has_1_to_100_findings(hub: SecurityHub, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        await hub.batch_update_findings([identity(n) for n in range(count)], workflow=Workflow.NEW)


async def test_a_history_is_read_to_its_last_page(hub: SecurityHub, control: ControlClient) -> None:
    control.load([finding(1), finding(2)])
    one = FindingId(finding(1)["ProductArn"], finding(1)["Id"])
    begin = hub.now() - 89 * DAY
    for number in range(130):
        control.mutate({"op": "workflow", "id": one.id, "note": f"note {number}"})
    control.mutate({"op": "workflow", "id": one.id, "status": "SUPPRESSED"})
    control.mutate({"op": "workflow", "id": one.id, "status": "NEW"})
    history = await hub.finding_history(one, begin)
    assert history is not None
    assert control.call_total("GetFindingHistory") == 2
    workflow = [
        (each.before, each.after)
        for change in history.changes
        for each in change.fields
        if each.field == "Workflow.Status"
    ]
    assert workflow == [("SUPPRESSED", "NEW"), ("NEW", "SUPPRESSED")]
    notes = [each for change in history.changes for each in change.fields if each.field == "Note.Text"]
    assert len(notes) == 130
    assert all(begin <= change.at <= hub.now() + 2_000_000 for change in history.changes)
    assert abs(history.asked_at - hub.now()) < 60_000_000


async def test_a_history_tells_that_a_finding_was_created(hub: SecurityHub, control: ControlClient) -> None:
    control.mutate({"op": "put", "finding": finding(3)})
    three = FindingId(finding(3)["ProductArn"], finding(3)["Id"])
    control.mutate({"op": "update", "id": three.id, "set": {"Compliance": {"Status": "PASSED"}}})
    control.mutate({"op": "update", "id": three.id})
    history = await hub.finding_history(three, hub.now() - 89 * DAY)
    assert history is not None
    changed, created = history.changes
    assert created.created
    assert not changed.created
    assert "Compliance.Status" in {each.field for each in changed.fields}


async def test_a_history_that_may_not_be_read_is_denied(hub: SecurityHub, control: ControlClient) -> None:
    control.fault("denied", "GetFindingHistory", count=None)
    with pytest.raises(AccessDenied):
        await hub.finding_history(FindingId("arn:a", "b"), hub.now() - DAY)
