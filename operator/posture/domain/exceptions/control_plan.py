"""What to turn off, and on again, so that controls are as policies declare, and how far each policy is.

Decided place by place (a control of one standard, in one account and Region) by what is live there: whether
it is on, and whose mark the reason bears. What a person turned off is never touched. Times are microseconds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from posture.domain.exceptions import marks
from posture.domain.exceptions.attempts import AttemptKey, is_due
from posture.domain.exceptions.control_status import fits
from posture.domain.exceptions.control_switches import (
    Association,
    ControlAct,
    ControlPlan,
    DeclaredControls,
    KnownControls,
    Switch,
    attempt_key,
)
from posture.domain.exceptions.finding_plan import PolicyOutcome, Timing
from posture.domain.exceptions.marks import ControlMark
from posture.domain.exceptions.policy import Phase, Release, namespace_of
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus

_SELECTING = frozenset({Phase.ENFORCING, Phase.FROZEN})
_RELEASES = {
    Phase.ENFORCING: Release.NARROWED,
    Phase.EXPIRED: Release.EXPIRED,
    Phase.DELETED: Release.DELETED,
    Phase.RETAINED: Release.RETAINED,
}


def claimed(declared: DeclaredControls, live: Mapping[TurnedOff, Association]) -> list[TurnedOff]:
    """Return the places that are on and that a policy wants off: the statuses of these are needed."""
    switchboard = _Switchboard(declared, KnownControls(live, {}, None), Timing(0, 0))
    return [place for place, each in live.items() if each.enabled and switchboard.claims(place)]


def control_plan(declared: DeclaredControls, seen: KnownControls, timing: Timing) -> ControlPlan:
    """Plan one round."""
    switchboard = _Switchboard(declared, seen, timing)
    switchboard.bound()
    for place in sorted(seen.live):
        switchboard.consider(place, seen.live[place])
    return switchboard.planned()


class _Switchboard:
    def __init__(self, declared: DeclaredControls, seen: KnownControls, timing: Timing) -> None:
        self._declared = declared
        self._seen = seen
        self._timing = timing
        self._owners = {declared.identity.owner, *declared.identity.adopted}
        self._names = sorted(declared.policies)
        self._over: set[str] = set()
        self._switches: list[Switch] = []
        self._held: list[Switch] = []
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in self._names}
        self._undone: dict[str, set[AttemptKey]] = {}
        self._found_on: dict[TurnedOff, str] = {}
        for where, last in timing.attempts.items():
            self._undone.setdefault(last.undone, set()).add(where)
        self._records: dict[str, dict[TurnedOff, ControlStatus]] = {
            name: {place: was for place, was in seen.records.get(name, {}).items() if place not in seen.live}
            for name in self._names
        }

    def claims(self, place: TurnedOff) -> list[str]:
        """Return the policies that want the control off and may have it so, in their order."""
        return [name for name in self._selecting(place, Phase.ENFORCING) if self._permits(name, place)]

    def bound(self) -> None:
        """Find the policies that name more than their status can keep; they turn nothing off that is on."""
        wanted: dict[str, dict[TurnedOff, ControlStatus]] = {name: {} for name in self._names}
        for place, each in self._seen.live.items():
            mark = self._mark(each)
            if each.enabled or mark is not None:
                for name in self.claims(place):
                    wanted[name][place] = mark.was if mark else self._status(place)
        self._over = {name for name in self._names if not fits(wanted[name])}

    def consider(self, place: TurnedOff, live: Association) -> None:
        """Count a place, and plan what it needs."""
        selecting = [name for name in self._names if self._selects(name, place)]
        claims = self.claims(place)
        mark = self._mark(live)
        for name in selecting:
            self._counts[name]["matched"] += 1
        if live.enabled:
            self._consider_on(place, live, selecting, claims)
        elif mark is not None:
            self._consider_marked(place, live, mark, claims)

    def _consider_on(
        self, place: TurnedOff, live: Association, selecting: Sequence[str], claims: Sequence[str]
    ) -> None:
        if not claims:
            for name in selecting:
                permitted = self._permits(name, place)
                self._counts[name]["would_suppress" if permitted else "forbidden"] += 1
        undone = next((name for name in claims if place in self._seen.records.get(name, {})), "")
        if undone:
            self._undone.setdefault(undone, set()).add(attempt_key(place))
            self._found_on[place] = undone
        policy = next((name for name in (undone, *claims) if name and name not in self._over), "")
        if not policy:
            return
        if self._seen.statuses is None:
            self._counts[policy]["waiting"] += 1
            return
        was, act = self._status(place), ControlAct.TURN_OFF
        if policy == undone or self._was_undone(place, policy):
            act = ControlAct.TURN_OFF_AGAIN
        if policy == undone and was is ControlStatus.NO_DATA:
            # Its findings may have gone while it was off.
            was = self._seen.records[policy][place]
        self._turn_off(act, place, policy, was, marks.said_while_on(live.reason))

    def _consider_marked(
        self, place: TurnedOff, live: Association, mark: ControlMark, claims: Sequence[str]
    ) -> None:
        holder = mark.policy
        if holder in self._records:
            self._records[holder][place] = mark.was
            self._counts[holder]["suppressed"] += 1
        if holder in claims:
            self._turn_off(ControlAct.REFRESH, place, holder, mark.was, mark.before, live.reason)
            return
        release = self._release(place, mark)
        if release is None:
            self._count_held(place, holder, claims)
            return
        heir = next((name for name in claims if name not in self._over), "")
        if heir:
            self._turn_off(ControlAct.HAND_OVER, place, heir, mark.was, mark.before)
        elif not self._permits(holder, place):
            if holder in self._counts:
                self._counts[holder]["forbidden"] += 1
        elif release is Release.RETAINED:
            self._add(Switch(place, ControlAct.UNMARK, holder, marks.left_off(holder), mark.was))
        else:
            reason = marks.turning_on(holder, release, mark.before)
            self._add(Switch(place, ControlAct.TURN_ON, holder, reason, mark.was))

    def _count_held(self, place: TurnedOff, holder: str, claims: Sequence[str]) -> None:
        """Count what a frozen policy would turn on again, were it not frozen."""
        policy = self._declared.policies.get(holder)
        if (
            policy is not None
            and policy.phase is Phase.FROZEN
            and not claims
            and not self._names_it(holder, place)
        ):
            self._counts[holder]["would_reopen"] += 1

    def _turn_off(
        self,
        act: ControlAct,
        place: TurnedOff,
        policy: str,
        was: ControlStatus,
        before: str,
        as_it_is: str = "",
    ) -> None:
        terms, owner = self._declared.policies[policy].terms, self._declared.identity.owner
        reason = marks.turning_off(terms, owner, was, before)
        if reason != as_it_is:
            self._add(Switch(place, act, policy, reason, was))

    def _add(self, switch: Switch) -> None:
        last = self._timing.attempts.get(switch.attempt_key)
        due = is_due(last, switch.purpose, self._timing.now, self._timing.interval)
        (self._switches if due else self._held).append(switch)
        if switch.policy in self._counts:
            self._counts[switch.policy]["planned" if due else "waiting"] += 1

    def _mark(self, live: Association) -> ControlMark | None:
        """Return the mark, if it is ours."""
        mark = None if live.enabled else marks.read_control_mark(live.reason)
        return mark if mark is not None and mark.owner in self._owners else None

    def _release(self, place: TurnedOff, mark: ControlMark) -> Release | None:
        """Say why the policy of a mark lets go of the place; None: it does not."""
        policy = self._declared.policies.get(mark.policy)
        if policy is None:
            return self._release_of_absent(mark)
        if policy.phase is Phase.ENFORCING and self._names_it(mark.policy, place):
            return None
        return _RELEASES.get(policy.phase)

    def _release_of_absent(self, mark: ControlMark) -> Release | None:
        known = self._declared.known
        watched = known.namespaces is None or namespace_of(mark.policy) in known.namespaces
        if not watched or mark.policy in known.elsewhere:
            return None
        return Release.RETAINED if mark.retain else Release.GONE

    def _selects(self, name: str, place: TurnedOff) -> bool:
        policy = self._declared.policies[name]
        return policy.phase in _SELECTING and self._names_it(name, place)

    def _selecting(self, place: TurnedOff, phase: Phase) -> Iterable[str]:
        policies = self._declared.policies
        return (name for name in self._names if policies[name].phase is phase and self._names_it(name, place))

    def _names_it(self, name: str, place: TurnedOff) -> bool:
        return self._declared.policies[name].names(place, self._seen.live[place])

    def _permits(self, name: str, place: TurnedOff) -> bool:
        return self._declared.may_write(name, place.account_id)

    def _status(self, place: TurnedOff) -> ControlStatus:
        return (self._seen.statuses or {}).get(place, ControlStatus.NO_DATA)

    def _was_undone(self, place: TurnedOff, policy: str) -> bool:
        last = self._timing.attempts.get(attempt_key(place))
        return last is not None and last.undone == policy

    def planned(self) -> ControlPlan:
        """Return the plan, after all places."""
        switches = sorted(self._switches, key=lambda each: (each.act, each.policy, each.place))
        return ControlPlan(
            tuple(switches),
            tuple(self._held),
            {name: self._outcome(name, self._counts[name]) for name in self._names},
            self._records,
            self._found_on,
        )

    def _outcome(self, name: str, counts: Counter[str]) -> PolicyOutcome:
        over = name in self._over
        return PolicyOutcome(
            phase=self._declared.policies[name].phase,
            matched=counts["matched"],
            suppressed=counts["suppressed"],
            marked=len(self._records[name]),
            forbidden=counts["forbidden"],
            drift=len(self._undone.get(name, ())),
            planned=counts["planned"],
            waiting=counts["waiting"],
            would_suppress=0 if over else counts["would_suppress"],
            would_reopen=counts["would_reopen"],
            over=over,
            full=(),
        )
