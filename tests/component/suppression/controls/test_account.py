"""Controls of single accounts, against the emulator: what is read, what is refused, and in which way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from posture.aws.client import calls as aws_calls
from posture.aws.client.calls import Calls
from posture.aws.client.errors import AccessDenied, RoleNotAssumable, Throttled
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.domain.exceptions.control_switches import (
    Association,
    ControlAct,
    Switch,
)
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.reconcile.member_roles import AccountRegion, Role
from posture.suppression.controls.account import AccountControls, ControlsReading, ControlsWritten
from posture.suppression.controls.declared import Reach
from posture.suppression.controls.reader import ControlReader
from sandbox.cloud import Cloud
from sandbox.securityhub.catalogue import AZURE
from sandbox.securityhub.client import ControlClient

ADMINISTRATOR, MEMBER = "111122223333", "444455556666"
REGION = "eu-west-1"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"
CONTROLS = ("S3.1", "S3.11", "EC2.2")
GET = "BatchGetStandardsControlAssociations"
UPDATE = "BatchUpdateStandardsControlAssociations"
LIMIT = "LIMIT_EXCEEDED"
Opens = Callable[[AccountRegion, Role], AccountControls]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start(account=ADMINISTRATOR) as running:
        yield running


@pytest.fixture
def control(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> ControlClient:
    """An organization of two accounts; the environment is that of the administrator's operator."""
    for name, value in cloud.env_for(ADMINISTRATOR).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws_calls, "_FIRST_PAUSE", 0.01)
    cloud.control.reset()
    cloud.control.seed(
        {
            "administrator": ADMINISTRATOR,
            "accounts": [{"id": ADMINISTRATOR, "name": "platform"}, {"id": MEMBER, "name": "shop"}],
            "regions": [REGION],
            "standards": [FSBP, CIS_1_4],
            "disabled_controls": [{"standard": FSBP, "control": "S3.11"}],
        }
    )
    return cloud.control


@pytest.fixture
async def opens(control: ControlClient) -> AsyncIterator[Opens]:
    """Open the controls of a spot, with quotas whose seconds pass a hundred times as fast."""
    del control

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 100)

    limiters = Limiters(1.0, monotonic=lambda: time.monotonic() * 100, sleep=sleep)
    usage = Usage()
    async with Sessions(usage) as sessions:

        def open_(spot: AccountRegion, role: Role) -> AccountControls:
            identity = Identity(role.arn, role.external_id, spot.region)
            return AccountControls(
                spot,
                Calls(sessions, identity, limiters, usage, service="securityhub"),
                SecurityHub(sessions, identity, limiters, usage),
            )

        yield open_


def role_in(account: str, name: str = "posture-controls") -> Role:
    return Role(f"arn:aws:iam::{account}:role/{name}", None)


def place(control: str, standard: str = FSBP, account: str = MEMBER) -> TurnedOff:
    return TurnedOff(standard, control, account, REGION)


def off(where: TurnedOff, reason: str = "a reason") -> Switch:
    return Switch(where, ControlAct.TURN_OFF, "security/a", reason, ControlStatus.FAILED)


def on(where: TurnedOff) -> Switch:
    return Switch(where, ControlAct.TURN_ON, "security/a", "it has expired", ControlStatus.FAILED)


async def read(account: AccountControls, asked: frozenset[TurnedOff] = frozenset()) -> ControlsReading:
    return await account.read(lambda _standard, _provider: CONTROLS, asked)


async def write(account: AccountControls, *switches: Switch, seconds: float = 10.0) -> ControlsWritten:
    return await account.write(switches, (await read(account)).live, lambda: seconds)


@pytest.fixture
def member(opens: Opens) -> AccountControls:
    return opens(AccountRegion(MEMBER, REGION), role_in(MEMBER))


async def test_it_reads_what_is_on_and_why_not(member: AccountControls) -> None:
    missing = place("S3.99")
    reading = await read(member, frozenset({missing, place("S3.1")}))
    assert reading.live[place("S3.1")].association == Association(enabled=True)
    assert reading.live[place("S3.11")].association == Association(
        enabled=False, reason="Disabled in the seed"
    )
    # Of the other standard only what it has.
    assert {each.control for each in reading.live if each.standard == CIS_1_4} == {"S3.1", "EC2.2"}
    assert reading.absent == {missing}


async def test_the_cloud_of_a_standard_is_known_of_its_controls(
    member: AccountControls, control: ControlClient
) -> None:
    control.hub(MEMBER, REGION, standards=[FSBP, AZURE])
    asked: dict[str, str] = {}

    def wanted(standard: str, provider: str) -> tuple[str, ...]:
        asked[standard] = provider
        return ("S3.1",) if provider == "AWS" else ("AzureStorage.1",)

    reading = await member.read(wanted, ())
    assert asked == {FSBP: "AWS", AZURE: "Azure"}
    assert {each.standard: live.association.provider for each, live in reading.live.items()} == asked


async def test_it_turns_off_and_on_in_its_own_account_only(member: AccountControls, opens: Opens) -> None:
    written = await write(member, off(place("S3.1")), off(place("EC2.2", CIS_1_4)))
    assert [each.place for each in written.done] == [place("S3.1"), place("EC2.2", CIS_1_4)]
    live = (await read(member)).live
    assert live[place("S3.1")].association == Association(enabled=False, reason="a reason")
    assert live[place("S3.1", CIS_1_4)].association.enabled
    theirs = await read(opens(AccountRegion(ADMINISTRATOR, REGION), role_in(ADMINISTRATOR)))
    assert theirs.live[place("S3.1", account=ADMINISTRATOR)].association.enabled
    await write(member, on(place("S3.1")))
    assert (await read(member)).live[place("S3.1")].association.enabled


async def test_what_is_refused_one_by_one_is_told_one_by_one(
    member: AccountControls, control: ControlClient
) -> None:
    control.members(configuration_type="CENTRAL")
    written = await write(member, off(place("S3.1")), off(place("EC2.2")))
    assert written.done == ()
    assert [(each.switch.place.control, each.code) for each in written.refused] == [
        ("S3.1", "ACCESS_DENIED"),
        ("EC2.2", "ACCESS_DENIED"),
    ]
    assert control.call_total("UpdateStandardsControl") == 0


async def test_where_the_newer_call_does_not_serve_the_older_does(
    member: AccountControls, control: ControlClient
) -> None:
    control.fault("denied", UPDATE, count=None)
    written = await write(member, off(place("S3.1")), on(place("S3.11")))
    assert written.refused == ()
    live = (await read(member)).live
    assert live[place("S3.1")].association == Association(enabled=False, reason="a reason")
    assert live[place("S3.11")].association.enabled
    assert control.call_total("UpdateStandardsControl") == 2


async def test_where_neither_serves_the_reason_is_the_newer_ones(
    member: AccountControls, control: ControlClient
) -> None:
    control.fault("denied", UPDATE, count=None)
    control.fault("denied", "UpdateStandardsControl", count=None)
    (refusal,) = (await write(member, off(place("S3.1")))).refused
    assert refusal.code == "AccessDeniedException"
    assert f"securityhub:{UPDATE}" in refusal.message


async def test_a_passing_fault_is_borne_and_a_lasting_one_refused(
    member: AccountControls, control: ControlClient
) -> None:
    control.fault("error", UPDATE, count=2)
    assert (await write(member, off(place("S3.1")))).refused == ()
    control.fault("error", UPDATE, count=None)
    assert [each.code for each in (await write(member, on(place("S3.1")))).refused] == ["InternalException"]


async def test_nothing_is_written_when_time_is_up(member: AccountControls, control: ControlClient) -> None:
    assert await write(member, off(place("S3.1")), seconds=0.0) == ControlsWritten((), ())
    assert control.call_total(UPDATE) == 0


async def test_a_hub_that_is_off_has_no_controls(member: AccountControls, control: ControlClient) -> None:
    control.hub(MEMBER, REGION, enabled=False)
    asked = frozenset({place("S3.1")})
    assert await read(member, asked) == ControlsReading({}, asked)


async def test_a_standard_that_is_not_enabled_has_none(
    member: AccountControls, control: ControlClient
) -> None:
    control.hub(MEMBER, REGION, standards=[CIS_1_4])
    reading = await read(member, frozenset({place("S3.1")}))
    assert {each.standard for each in reading.live} == {CIS_1_4}
    assert reading.absent == {place("S3.1")}


def reach(account: str, *names: str) -> Reach:
    return Reach([role_in(account, name) for name in names], [], frozenset({place("S3.1", account=account)}))


async def look(looking: ControlReader, *names: str, now: int = 0) -> None:
    reaches = {
        AccountRegion(account, REGION): reach(account, *(names or ("posture-controls",)))
        for account in (ADMINISTRATOR, MEMBER)
    }
    spelled = {each.upper(): each for each in CONTROLS}
    await looking.look(reaches, spelled.__getitem__, lambda _: (), now)


async def test_one_account_that_fails_does_not_hide_the_others(opens: Opens, control: ControlClient) -> None:
    control.fault("denied", "GetEnabledStandards", account=MEMBER, count=None)
    looking = ControlReader(opens)
    await look(looking)
    assert {each.account_id for each in looking.live} == {ADMINISTRATOR}
    assert list(looking.errors) == [AccountRegion(MEMBER, REGION)]
    assert isinstance(looking.errors[AccountRegion(MEMBER, REGION)], AccessDenied)
    control.lift_faults()
    await look(looking)
    assert {each.account_id for each in looking.live} == {ADMINISTRATOR, MEMBER}
    assert looking.errors == {}


async def test_the_second_role_is_tried_where_the_first_fails(opens: Opens) -> None:
    # moto lets anybody assume any role.
    def picky(spot: AccountRegion, role: Role) -> AccountControls:
        if role.arn.endswith("closed"):
            raise RoleNotAssumable("no", service="sts", operation="AssumeRole", code="AccessDenied")
        return opens(spot, role)

    looking = ControlReader(picky)
    await look(looking, "closed", "posture-controls")
    assert {each.account_id for each in looking.live} == {ADMINISTRATOR, MEMBER}
    await look(looking, "closed")
    assert looking.live == {}
    assert len(looking.errors) == 2


async def test_an_old_copy_does_not_undo_what_was_written(opens: Opens) -> None:
    looking = ControlReader(opens)
    await look(looking)
    before = looking.live[place("S3.1")]
    looking.wrote([off(place("S3.1"))], at=10)
    # Security Hub has not applied it: what it shows is from before.
    await look(looking, now=20)
    assert not looking.live[place("S3.1")].association.enabled
    assert looking.unseen == {place("S3.1")}
    # After a quarter of an hour it is believed.
    await look(looking, now=10 + 15 * 60 * 1_000_000)
    assert looking.live[place("S3.1")] == before
    assert looking.unseen == frozenset()


async def test_what_was_turned_on_since_is_seen_at_once(opens: Opens, member: AccountControls) -> None:
    looking = ControlReader(opens)
    await look(looking)
    await write(member, off(place("S3.1")))
    looking.wrote([off(place("S3.1"))], at=10)
    await look(looking, now=20)
    assert looking.unseen == frozenset()
    await write(member, on(place("S3.1")))
    await look(looking, now=30)
    assert looking.live[place("S3.1")].association.enabled


def limited(control: ControlClient, operation: str, count: int | None, *ids: str, code: str = LIMIT) -> None:
    control.fault(
        "unprocessed", operation, count=count, options={"code": code, "ids": ids, "controls": len(ids)}
    )


async def test_what_exceeds_the_limit_is_read_again(member: AccountControls, control: ControlClient) -> None:
    limited(control, GET, 2, "S3.11")
    assert place("S3.11") in (await read(member)).live
    limited(control, GET, None, "S3.11")
    with pytest.raises(Throttled):
        await read(member)


async def test_what_may_not_be_read_is_told(member: AccountControls, control: ControlClient) -> None:
    limited(control, GET, None, "S3.11", code="ACCESS_DENIED")
    with pytest.raises(AccessDenied, match=r"S3\.11"):
        await read(member)


async def test_what_exceeds_the_limit_is_switched_in_another_call(
    member: AccountControls, control: ControlClient
) -> None:
    limited(control, UPDATE, 2, "S3.1")
    switches = off(place("S3.1")), off(place("EC2.2"))
    written = await write(member, *switches)
    assert (set(written.done), written.refused) == (set(switches), ())
    assert control.call_total(UPDATE) == 3
    live = (await read(member)).live
    assert not live[place("S3.1")].association.enabled
    assert not live[place("EC2.2")].association.enabled


async def test_a_limit_that_lasts_is_told_and_hides_nothing(
    member: AccountControls, control: ControlClient
) -> None:
    limited(control, UPDATE, None, "S3.1")
    written = await write(member, off(place("S3.1")), off(place("EC2.2")))
    assert [each.place for each in written.done] == [place("EC2.2")]
    assert [(each.switch.place, each.code) for each in written.refused] == [(place("S3.1"), LIMIT)]


async def test_a_later_call_that_is_denied_does_not_undo_an_earlier_one(
    member: AccountControls, control: ControlClient
) -> None:
    limited(control, UPDATE, 1, "S3.1")
    control.fault("denied", UPDATE, count=None, after=1)
    written = await write(member, off(place("S3.1")), off(place("EC2.2")))
    assert [each.place for each in written.done] == [place("EC2.2")]
    assert [each.code for each in written.refused] == [LIMIT]
    assert control.call_total("UpdateStandardsControl") == 0


async def test_there_is_no_other_call_for_which_there_is_no_time(
    member: AccountControls, control: ControlClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_calls, "_FIRST_PAUSE", 1000.0)
    limited(control, UPDATE, None, "S3.1")
    written = await write(member, off(place("S3.1")), seconds=2.0)
    assert [each.code for each in written.refused] == [LIMIT]
    assert control.call_total(UPDATE) == 1
