"""What is declared and known of controls, and the switches that a plan is made of.

A place is a control of one standard, in one account and Region. Times are microseconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from posture.domain.exceptions.attempts import AttemptKey, Attempts, LastAttempt, purpose_of
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.declaration import PolicyIdentity, TargetKnown
from posture.domain.exceptions.finding_plan import PolicyOutcome
from posture.domain.exceptions.policy import Phase, Terms
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import AWS, ControlStatus


class Association(NamedTuple):
    """What Security Hub says of a control in a standard. `reason`: UpdatedReason, empty without one.

    `provider`: the cloud that the standard is about.
    """

    enabled: bool
    reason: str = ""
    provider: str = AWS


@dataclass(frozen=True, slots=True)
class ControlPolicy:
    """A policy that turns controls off."""

    terms: Terms
    phase: Phase
    standards: frozenset[str] | None
    """By name; None: all of AWS that are enabled."""
    controls: frozenset[str]
    """Ids, upper-cased."""
    regions: frozenset[str]
    accounts: Callable[[str], bool]
    """Whether an account is meant, and the target's."""

    def means(self, standard: str, provider: str) -> bool:
        """Tell whether the policy means a standard about a cloud."""
        return provider == AWS if self.standards is None else standard in self.standards

    def names(self, place: TurnedOff, live: Association) -> bool:
        """Tell whether the policy means this control here, as Security Hub has it."""
        return (
            place.control in self.controls
            and place.region in self.regions
            and self.means(place.standard, live.provider)
            and self.accounts(place.account_id)
        )


class DeclaredControls(NamedTuple):
    """What is declared for the controls of a hub."""

    policies: Mapping[str, ControlPolicy]
    identity: PolicyIdentity
    may_write: Callable[[str, str], bool]
    """Whether a policy (namespace/name, one that is gone too) may turn controls on and off in an account."""
    known: TargetKnown = TargetKnown()
    """Which other policies there are."""


class KnownControls(NamedTuple):
    """What is known of controls.

    `live`: as Security Hub has them, of all places that could be read. `records`: by policy, what it turned
    off as far as is remembered. `statuses`: of controls now; None while findings are not known exactly, and
    nothing is turned off.
    """

    live: Mapping[TurnedOff, Association]
    records: Mapping[str, Record]
    statuses: Mapping[TurnedOff, ControlStatus] | None


class ControlAct(IntEnum):
    """What a switch is for, in the order in which they are done: exceptions that are over end first."""

    TURN_ON = 0
    UNMARK = 1
    HAND_OVER = 2
    REFRESH = 3
    TURN_OFF_AGAIN = 4
    TURN_OFF = 5


class Switch(NamedTuple):
    """A change of one place."""

    place: TurnedOff
    act: ControlAct
    policy: str
    """For which it is done, or which lets go of it."""
    reason: str
    was: ControlStatus
    """See `ControlMark`."""

    @property
    def enabled(self) -> bool:
        """Whether the control is on after it."""
        return self.act is ControlAct.TURN_ON

    @property
    def attempt_key(self) -> AttemptKey:
        """Name the place as attempts are kept by."""
        return attempt_key(self.place)

    @property
    def purpose(self) -> str:
        """Name what it is to achieve: a control that is turned off again and again has the same."""
        if self.act >= ControlAct.TURN_OFF_AGAIN:
            return purpose_of("off", self.policy)
        return purpose_of(self.act.name, self.policy, self.reason)

    @property
    def undone(self) -> str:
        """Name the policy whose control somebody had turned on; empty where that is not so."""
        return self.policy if self.act is ControlAct.TURN_OFF_AGAIN else ""


class ControlPlan(NamedTuple):
    """What to switch, and how far each policy is."""

    switches: tuple[Switch, ...]
    """In the order of their acts."""
    held: tuple[Switch, ...]
    """Switches that are not made now, because the same was tried shortly before."""
    outcomes: Mapping[str, PolicyOutcome]
    """By policy; they count places."""
    records: Mapping[str, Record]
    """By policy, what is off for it now."""
    undone: Mapping[TurnedOff, str]
    """Places that are on although a policy is remembered to have turned them off, with that policy."""

    def intended(self) -> Mapping[str, Record]:
        """Return the records after all switches that turn off or hand over: to be kept before they are made.

        What is off and not recorded would be forgotten when the process dies, and its policy narrows.
        """
        after = {name: dict(record) for name, record in self.records.items()}
        for switch in self.switches:
            if switch.act >= ControlAct.HAND_OVER and switch.policy in after:
                after[switch.policy][switch.place] = switch.was
        return after


def with_undone(attempts: Attempts, undone: Mapping[TurnedOff, str], now: int) -> Attempts:
    """Return the attempts with what somebody has undone since: it may be a while until it is done again."""
    after = dict(attempts)
    for place, policy in undone.items():
        last = after.get(attempt_key(place), LastAttempt("", 0, now))
        after[attempt_key(place)] = last._replace(undone=policy)
    return after


def attempt_key(place: TurnedOff) -> AttemptKey:
    """Name a place as attempts are kept by."""
    return f"{place.account_id}/{place.region}", f"{place.standard}/{place.control}"
