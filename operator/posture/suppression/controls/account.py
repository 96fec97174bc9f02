"""The controls of one account and Region, as a role in that account sees them and may turn them on and off.

An administrator cannot do that for its members (user guide, "Enabling and disabling controls").
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Self

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError, HubNotEnabled, Retryable, Terminal
from posture.aws.client.paging import list_all
from posture.aws.client.sessions import Identity
from posture.aws.securityhub.associations import (
    ABSENT,
    BATCH,
    GET,
    UPDATE,
    AssociationUpdate,
    read_associations,
)
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.standards import NOT_READY
from posture.domain.arns import standard_name
from posture.domain.exceptions.control_switches import (
    Association,
    Switch,
)
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import AWS
from posture.hubs.demand import HubKey
from posture.reconcile.context import Context
from posture.reconcile.member_roles import AccountRegion

logger = logging.getLogger(__name__)


class LiveControl(NamedTuple):
    """A control as it is. `standards_arn`, `control_id`, `older_arns`: what calls name it by.

    `updated_at`: when it was last turned on or off, None where Security Hub does not say.
    """

    association: Association
    standards_arn: str
    control_id: str
    older_arns: tuple[str, ...]
    updated_at: datetime | None


class ControlsReading(NamedTuple):
    """What was read in a spot. `absent`: asked for, and not there: its standard is not enabled, say."""

    live: Mapping[TurnedOff, LiveControl]
    absent: frozenset[TurnedOff]


class ControlRefusal(NamedTuple):
    """A switch that was refused, by error code and message."""

    switch: Switch
    code: str
    message: str


class ControlsWritten(NamedTuple):
    """What became of switches; the rest of them was not begun, as writing had to stop."""

    done: tuple[Switch, ...]
    refused: tuple[ControlRefusal, ...]

    def joined(self, other: "ControlsWritten") -> "ControlsWritten":
        """Return what became of both."""
        return ControlsWritten(self.done + other.done, self.refused + other.refused)


class AccountControls:
    """The controls of one spot, through one role. Methods raise AwsError."""

    def __init__(self, spot: AccountRegion, calls: Calls, hub: SecurityHub) -> None:
        self._spot = spot
        self._calls = calls
        self._hub = hub

    @classmethod
    def through(cls, context: Context, spot: AccountRegion, role_arn: str, external_id: str | None) -> Self:
        """Return the controls of a spot as seen through a role; nothing is called yet."""
        identity = Identity(role_arn, external_id, spot.region)
        calls = Calls(context.sessions, identity, context.limiters, context.usage, service="securityhub")
        return cls(spot, calls, context.security_hub(HubKey(role_arn, external_id, spot.region)))

    async def read(
        self, wanted: Callable[[str, str], Collection[str]], asked: Iterable[TurnedOff]
    ) -> ControlsReading:
        """Read controls; `wanted`: for a standard that is enabled, their ids as AWS spells them.

        It is asked with the standard's name and provider.
        `asked`: places, of which the answer says whether they are absent.
        """
        try:
            subscriptions = await list_all(self._calls, "GetEnabledStandards", "StandardsSubscriptions")
        except HubNotEnabled:
            return ControlsReading({}, frozenset(asked))
        live: dict[TurnedOff, LiveControl] = {}
        unknown: set[str] = set()
        for subscription in subscriptions:
            arn = subscription["StandardsArn"]
            standard = standard_name(arn)
            if subscription.get("StandardsControlsUpdatable") == NOT_READY:
                # Its controls cannot be read now (API reference, BatchGetStandardsControlAssociations).
                unknown.add(standard)
                continue
            provider = subscription.get("Provider") or AWS
            ids = sorted(wanted(standard, provider))
            live |= await self._read_standard(standard, arn, ids, provider)
        return ControlsReading(
            live, frozenset(place for place in asked if place not in live and place.standard not in unknown)
        )

    async def _read_standard(
        self, standard: str, arn: str, ids: Sequence[str], provider: str
    ) -> dict[TurnedOff, LiveControl]:
        read = await read_associations(self._calls, arn, ids)
        for control, why in read.unprocessed.items():
            if why.code not in ABSENT:
                raise self._calls.refused_entry(GET, why.code, f"{control} of {standard}: {why.reason}")
        return {
            TurnedOff(standard, detail["SecurityControlId"].upper(), *self._spot): LiveControl(
                Association(
                    detail["AssociationStatus"] == "ENABLED", detail.get("UpdatedReason", ""), provider
                ),
                arn,
                detail["SecurityControlId"],
                tuple(detail.get("StandardsControlArns", ())),
                detail.get("UpdatedAt"),
            )
            for detail in read.details
        }

    async def write(
        self,
        switches: Sequence[Switch],
        live: Mapping[TurnedOff, LiveControl],
        seconds_left: Callable[[], float],
    ) -> ControlsWritten:
        """Turn controls on and off, all of them read before; `seconds_left`: asked before each call.

        What fails as a whole is refused as a whole: other spots are not concerned.
        """
        outcome = ControlsWritten((), ())
        for start in range(0, len(switches), BATCH):
            within = seconds_left()
            if not within:
                break
            batch = switches[start : start + BATCH]
            try:
                outcome = outcome.joined(await self._write_batch(batch, live, within))
            except Terminal as error:
                if error.operation != UPDATE:
                    outcome = outcome.joined(_all_refused(batch, error))
                    continue
                logger.info("Falling back to UpdateStandardsControl: %s", error)
                outcome = outcome.joined(await self._write_one_by_one(batch, live, seconds_left, error))
            except AwsError as error:
                outcome = outcome.joined(_all_refused(batch, error))
        return outcome

    async def _write_batch(
        self, batch: Sequence[Switch], live: Mapping[TurnedOff, LiveControl], within: float
    ) -> ControlsWritten:
        by_name = {(live[each.place].standards_arn, live[each.place].control_id): each for each in batch}
        updates = [
            AssociationUpdate(arn, control, switch.enabled, switch.reason)
            for (arn, control), switch in by_name.items()
        ]
        answer = await self._hub.batch_update_standards_control_associations(updates, within=within)
        named = ((by_name.get(each.update[:2]), each) for each in answer)
        refused = tuple(ControlRefusal(switch, each.code, each.message) for switch, each in named if switch)
        failed = {refusal.switch.place for refusal in refused}
        return ControlsWritten(tuple(each for each in batch if each.place not in failed), refused)

    async def _write_one_by_one(
        self,
        batch: Sequence[Switch],
        live: Mapping[TurnedOff, LiveControl],
        seconds_left: Callable[[], float],
        newer: Terminal,
    ) -> ControlsWritten:
        """Use the older call, at one a second; what it refuses too is refused for the newer one's reason."""
        done: list[Switch] = []
        refused: list[ControlRefusal] = []
        for switch in batch:
            arns = live[switch.place].older_arns
            try:
                for arn in arns:
                    within = seconds_left()
                    if not within:
                        return ControlsWritten(tuple(done), tuple(refused))
                    reason = "" if switch.enabled else switch.reason
                    await self._hub.update_standards_control(
                        arn, enabled=switch.enabled, reason=reason, within=within
                    )
            except Retryable as error:
                refused.append(ControlRefusal(switch, error.code, f"{error}"))
            except AwsError:
                refused.append(ControlRefusal(switch, newer.code, f"{newer}"))
            else:
                if arns:
                    done.append(switch)
                else:
                    refused.append(ControlRefusal(switch, newer.code, f"{newer}"))
        return ControlsWritten(tuple(done), tuple(refused))


def _all_refused(batch: Sequence[Switch], error: AwsError) -> ControlsWritten:
    return ControlsWritten((), tuple(ControlRefusal(each, error.code, f"{error}") for each in batch))
