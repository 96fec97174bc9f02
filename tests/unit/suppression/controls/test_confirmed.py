"""Only what was read lately to be off, for a policy that may turn it off, is out of the score."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied
from posture.config.model import Config
from posture.domain.exceptions.control_switches import (
    Association,
    Switch,
)
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.controls import hub
from posture.suppression.controls.account import ControlsReading, ControlsWritten, LiveControl
from posture.suppression.controls.confirmed import Confirmation, Confirmed, confirmed
from posture.suppression.controls.hub import HubControls
from tests.support.hub_facts import ACCOUNT
from tests.support.hub_on_paper import GRANT, OFF, Scene, nobody, policy, target, us
from tests.support.rows import FSBP, finding

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
OTHER = "222233334444"
PLACE = TurnedOff(FSBP, "S3.1", ACCOUNT, "eu-west-1")
DENIED = AccessDenied("no", service="sts", operation="AssumeRole", code="AccessDenied")


class Accounts:
    """The controls of all accounts. `denied`: those that cannot be read. `asked`: for what was asked."""

    def __init__(self, *accounts: str) -> None:
        self.live = {PLACE._replace(account_id=account): Association(enabled=True) for account in accounts}
        self.changes = 0
        self.denied: set[str] = set()
        self.asked: list[AccountRegion] = []

    def through(self, _: object, spot: AccountRegion, role_arn: str, external_id: str | None) -> "Account":
        assert role_arn == f"arn:aws:iam::{spot.account_id}:role/posture-controls"
        assert external_id is None
        return Account(self, spot)

    def switch(self, account: str = ACCOUNT, *, on: bool, reason: str = "by hand") -> None:
        """Turn the control on or off there, as a person does."""
        self.write(PLACE._replace(account_id=account), Association(on, reason))

    def write(self, place: TurnedOff, association: Association) -> None:
        """Change a control, at a time of its own."""
        self.live[place] = association
        self.changes += 1


class Account:
    """One of them."""

    def __init__(self, accounts: Accounts, spot: AccountRegion) -> None:
        self._accounts = accounts
        self._spot = spot

    async def read(self, _: Callable[[str], Collection[str]], asked: Iterable[TurnedOff]) -> ControlsReading:
        self._accounts.asked.append(self._spot)
        if self._spot.account_id in self._accounts.denied:
            raise DENIED
        found = {
            place: LiveControl(
                each, "arn", place.control, (), datetime.fromtimestamp(self._accounts.changes, UTC)
            )
            for place, each in self._accounts.live.items()
            if (place.account_id, place.region) == self._spot
        }
        return ControlsReading(found, frozenset(place for place in asked if place not in found))

    async def write(self, switches: Sequence[Switch], *_: object) -> ControlsWritten:
        for each in switches:
            self._accounts.write(each.place, Association(each.enabled, each.reason))
        return ControlsWritten(tuple(switches), ())


class Stage:
    """The controls of one hub, and what a round of them makes known."""

    def __init__(self, scene: Scene, accounts: Accounts) -> None:
        self.scene = scene
        self.accounts = accounts
        self.work = HubControls(scene.world, scene.as_hub, us, scene.cleanup)

    async def round(self, *, later: int = 0) -> set[str] | None:
        """Let time pass (µs) and one cycle run; return the accounts where the control is known to be off."""
        self.scene.hub.ahead += later
        self.work.update(self.scene.everything(suppressing=False))
        await self.work._cycle()
        off = self.scene.hub.status.turned_off
        return None if off is None else {place.account_id for place in off}

    def forge(self, *accounts: str, name: str = "off") -> None:
        """Let the policy's status say that it turned the control off."""
        entry = {"standard": FSBP, "control": "S3.1", "region": "eu-west-1", "status": "Passed"}
        self.scene.api.put(
            {
                **self.scene.api.listed(name),
                "status": {"disabledControls": [{**entry, "accounts": list(accounts)}]},
            }
        )


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Accounts:
    made = Accounts(ACCOUNT, OTHER)
    monkeypatch.setattr(hub, "AccountControls", made)
    return made


@pytest.fixture
def stage(tmp_path: Path, accounts: Accounts) -> Iterator[Stage]:
    off = {**OFF, "accounts": [ACCOUNT, OTHER]}
    scene = Scene(tmp_path, [finding(1)], target(), policy("off", disableControls=off))
    yield Stage(scene, accounts)
    scene.hub.store.close()


async def test_nothing_is_known_before_it_was_looked_at_and_then_what_is(stage: Stage) -> None:
    stage.scene.hub.open = False
    assert await stage.round() is None
    stage.scene.hub.open = True
    assert await stage.round() == {ACCOUNT, OTHER}
    assert stage.scene.hub.status.turned_off == {
        PLACE: ControlStatus.NO_DATA, PLACE._replace(account_id=OTHER): ControlStatus.NO_DATA
    }  # fmt: skip


async def test_what_only_a_status_says_is_not_off(stage: Stage, accounts: Accounts) -> None:
    spec = {**OFF, "accounts": [ACCOUNT, OTHER]}
    stage.scene.api.put(policy("off", disableControls=spec, mode="DryRun"))
    stage.forge(ACCOUNT, OTHER)
    accounts.denied = {OTHER}
    assert await stage.round() == set()
    # It stays remembered where it could not be read: to be found again, not to be scored.
    (left,) = stage.scene.api.listed("off")["status"]["disabledControls"]
    assert left["accounts"] == [OTHER]


async def test_no_call_goes_where_there_is_neither_an_account_nor_a_region(
    stage: Stage, accounts: Accounts
) -> None:
    entry = {"standard": FSBP, "control": "S3.1", "status": "Passed"}
    forged = [
        {**entry, "region": "eu-west-1", "accounts": ["../../x", "1"]},
        {**entry, "region": "eu-west-1.example.com/", "accounts": [ACCOUNT]},
    ]
    stage.scene.api.put({**stage.scene.api.listed("off"), "status": {"disabledControls": forged}})
    await stage.round()
    assert set(accounts.asked) == {AccountRegion(ACCOUNT, "eu-west-1"), AccountRegion(OTHER, "eu-west-1")}


async def test_what_a_person_turned_on_is_on_until_it_is_off_again(stage: Stage, accounts: Accounts) -> None:
    assert await stage.round() == {ACCOUNT, OTHER}
    spec = {**OFF, "accounts": [ACCOUNT, OTHER]}
    stage.scene.api.put(policy("off", metadata={"generation": 2}, disableControls=spec, suspend=True))
    accounts.switch(on=True)
    assert await stage.round() == {OTHER}
    # What a person turned off is no policy's.
    accounts.switch(on=False)
    assert await stage.round(later=6 * MINUTE) == {OTHER}


@pytest.mark.parametrize(("later", "known"), [(6 * MINUTE, True), (59 * MINUTE, True), (61 * MINUTE, False)])
async def test_what_cannot_be_read_any_longer_is_off_for_an_hour(
    stage: Stage, accounts: Accounts, later: int, known: bool
) -> None:
    assert await stage.round() == {ACCOUNT, OTHER}
    accounts.denied = {OTHER}
    assert await stage.round(later=later) == {ACCOUNT, *([OTHER] if known else [])}
    accounts.denied = set()
    assert await stage.round(later=6 * MINUTE) == {ACCOUNT, OTHER}


async def test_a_new_term_knows_nothing_of_the_one_before(stage: Stage, accounts: Accounts) -> None:
    assert await stage.round() == {ACCOUNT, OTHER}
    stage.work._stand_down()
    accounts.denied = {OTHER}
    assert await stage.round() == {ACCOUNT}


@pytest.mark.parametrize(
    ("changes", "spec"),
    [
        # The namespace may not turn controls off any longer: in the other account, by that role, at all.
        ({"accounts": [ACCOUNT]}, {}),
        ({"disableControls": {"roleNames": ["another"]}}, {}),
        ({"verbs": ["Score", "Suppress"]}, {}),
        # The target does not look at the other account any longer.
        ({}, {"accounts": {"exclude": [OTHER]}}),
    ],
)
async def test_what_is_not_granted_or_not_the_targets_counts_for_nothing(
    stage: Stage, changes: dict[str, Any], spec: dict[str, Any]
) -> None:
    assert await stage.round() == {ACCOUNT, OTHER}
    grant = {**GRANT, **changes}
    stage.scene.config = Config.model_validate({"ownerId": "us", "writes": "Frozen", "grants": [grant]})
    stage.scene.api.put({**target(**spec), "metadata": {**target()["metadata"], "generation": 2}})
    assert OTHER not in (await stage.round() or ())


async def test_without_a_policy_or_an_owner_nothing_is_off(stage: Stage) -> None:
    nameless = HubControls(stage.scene.world, stage.scene.as_hub, nobody, stage.scene.cleanup)
    nameless.update(stage.scene.everything(suppressing=False))
    await nameless._cycle()
    assert stage.scene.hub.status.turned_off == {}
    assert await stage.round() == {ACCOUNT, OTHER}
    stage.scene.api.objects.pop("p-off")
    assert await stage.round() == set()


async def test_a_defect_keeps_nobody_waiting_for_a_score(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def trips(*_: object) -> None:
        raise KeyError("a defect")

    async def at_once(_: float) -> None:
        pass

    monkeypatch.setattr(stage.work._rounds, "look", trips)
    monkeypatch.setattr("posture.reconcile.hub_reconciler.asyncio.sleep", at_once)
    stage.work.update(stage.scene.everything(suppressing=False))
    await stage.work._attempt()
    assert stage.scene.hub.status.turned_off == {}


def test_another_policys_confirmation_is_none_of_this_one() -> None:
    before = {PLACE: Confirmed("security/a", ControlStatus.FAILED, 0)}
    records = {"security/b": {PLACE: ControlStatus.PASSED}}
    assert confirmed(before, records, Confirmation(MINUTE, (), MINUTE, MINUTE), lambda *_: True) == {}
    records = {"security/a": {PLACE: ControlStatus.PASSED}}
    assert confirmed(before, records, Confirmation(MINUTE, (), MINUTE, MINUTE), lambda *_: True) == before
    assert confirmed(before, records, Confirmation(0, (), HOUR, 2 * HOUR), lambda *_: True) == before
    assert confirmed(before, records, Confirmation(0, (), HOUR, 2 * HOUR + 1), lambda *_: True) == {}
