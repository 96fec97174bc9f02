"""What is known of controls between rounds: read once an interval, and as written meanwhile."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from posture.aws.client.errors import AwsError
from posture.domain.exceptions.control_switches import (
    Switch,
)
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.time import DAY, MINUTE
from posture.reconcile.member_roles import AccountRegion, Role
from posture.suppression.controls.account import AccountControls, ControlsReading, LiveControl
from posture.suppression.controls.declared import Reach

logger = logging.getLogger(__name__)

_AT_ONCE = 8
# As long as a store holds our writes to findings against older copies.
_SHOWN_WITHIN = 15 * MINUTE
_SEARCH_EVERY = DAY

Names = Callable[[str], Iterable[str]]


class _Unseen(NamedTuple):
    """A write that Security Hub has not shown yet.

    `before`: when that was last changed before it. `at`: when it was made (µs). `written`: what it made.
    """

    before: datetime | None
    at: int
    written: LiveControl


class ControlReader:
    """The controls of all spots of a hub. `open_` reaches one spot through a role."""

    def __init__(self, open_: Callable[[AccountRegion, Role], AccountControls]) -> None:
        self._open = open_
        self.live: dict[TurnedOff, LiveControl] = {}
        self.absent: frozenset[TurnedOff] = frozenset()
        self.errors: dict[AccountRegion, AwsError] = {}
        self._through: dict[AccountRegion, Role] = {}
        self._unseen: dict[TurnedOff, _Unseen] = {}
        self._searched: dict[AccountRegion, int] = {}

    @property
    def unseen(self) -> frozenset[TurnedOff]:
        """What was written and not shown since."""
        return frozenset(self._unseen)

    async def look(
        self,
        reaches: Mapping[AccountRegion, Reach],
        spelled: Callable[[str], str],
        everything: Names,
        now: int,
    ) -> None:
        """Read all spots, a few at a time; of one that cannot be read nothing is known, but why.

        `everything`: for a standard, all controls that there are. They are read once a day, to find marks
        that nothing remembers; a spot that could not be read is still to be searched.
        """
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(spot: AccountRegion, reach: Reach) -> ControlsReading | AwsError | None:
            async with turns:
                return await self._search(spot, reach, spelled, everything, now)

        results = await asyncio.gather(*(one(spot, reach) for spot, reach in reaches.items()))
        live: dict[TurnedOff, LiveControl] = {}
        absent: set[TurnedOff] = set()
        self.errors = {}
        for spot, result in zip(reaches, results, strict=True):
            if isinstance(result, ControlsReading):
                live |= result.live
                absent |= result.absent
            elif result is not None:
                self.errors[spot] = result
        self.live = {place: self._newer(place, each, now) for place, each in live.items()}
        self.absent = frozenset(absent)
        # What could not be read now may be shown as it was before the write when it can be.
        failed = {(spot.account_id, spot.region) for spot in self.errors}
        self._unseen = {
            place: each
            for place, each in self._unseen.items()
            if place in self.live or (place[2:] in failed and 0 <= now - each.at < _SHOWN_WITHIN)
        }

    async def _search(
        self, spot: AccountRegion, reach: Reach, spelled: Callable[[str], str], everything: Names, now: int
    ) -> ControlsReading | AwsError | None:
        """Read a spot, and all controls there where that is due."""
        searched = self._searched.get(spot)
        due = searched is None or not 0 <= now - searched < _SEARCH_EVERY
        result = await self._read(spot, reach, spelled, everything if due else _nothing)
        if due and isinstance(result, ControlsReading):
            self._searched[spot] = now
        return result

    async def _read(
        self, spot: AccountRegion, reach: Reach, spelled: Callable[[str], str], everything: Names
    ) -> ControlsReading | AwsError | None:
        """Read a spot through the first role that can."""
        failure: AwsError | None = None
        for role in reach.roles:
            try:
                reading = await self._open(spot, role).read(reach.wanted(spelled, everything), reach.places)
            except AwsError as error:
                logger.info(
                    "The controls of account %s in %s could not be read: %s",
                    spot.account_id,
                    spot.region,
                    error,
                )
                failure = failure or error
            else:
                self._through[spot] = role
                return reading
        return failure

    def _newer(self, place: TurnedOff, read: LiveControl, now: int) -> LiveControl:
        """Return what was read, unless that is a copy from before our own write."""
        unseen = self._unseen.get(place)
        if unseen is None:
            return read
        stale = read.updated_at == unseen.before and 0 <= now - unseen.at < _SHOWN_WITHIN
        if stale and unseen.written.association != read.association:
            return unseen.written
        del self._unseen[place]
        return read

    def search_anew(self) -> None:
        """Search everywhere at the next look: another holder may have turned controls off since."""
        self._searched.clear()

    def accounts(
        self, role_of: Callable[[AccountRegion], Role | None], spot: AccountRegion
    ) -> AccountControls | None:
        """Return a spot's controls as the role of a policy, or as the one by which it was read."""
        role = role_of(spot) or self._through.get(spot)
        return None if role is None else self._open(spot, role)

    def wrote(self, switches: Sequence[Switch], at: int) -> None:
        """Take in what Security Hub accepted at a moment (µs)."""
        for switch in switches:
            before = self.live[switch.place]
            shown = before.association._replace(enabled=switch.enabled, reason=switch.reason)
            written = before._replace(association=shown)
            self._unseen[switch.place] = _Unseen(before.updated_at, at, written)
            self.live[switch.place] = written


def _nothing(_: str) -> Iterable[str]:
    return ()
