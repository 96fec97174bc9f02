"""What would happen to each resource that a rule selects, or why not: `status.plan`.

The first that fits decides, in this order: what forbids to act at all, what has been done already, what the
live resource said, what has to be waited for, and last the limits: the worst first (severity, then age).
Nothing here permits a write: before it everything is read and decided again. Times are integer microseconds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import merge, nsmallest
from typing import NamedTuple

from posture.domain.grants import NotGranted
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import Entry, State, next_name
from posture.domain.remediation.limits import Budget, Cap
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.resources import ResourceKey
from posture.domain.remediation.rule import Circumstances, Rule, opting_out, plan_hash
from posture.domain.time import text_of

MAX_ENTRIES = 50
_RUN = 2000


class Planned(NamedTuple):
    """One resource of a plan. `entry`: the journal entry that it has, or would get; `writes`: sub-writes."""

    candidate: Candidate
    outcome: Outcome
    plan_hash: str
    entry: str
    writes: int

    @property
    def decision(self) -> Decision:
        """Give the decision."""
        return self.outcome.decision


class Plan(NamedTuple):
    """The plan of one rule.

    `entries`: at most 50, the worst first. `totals`: all candidates by reason. `to_do`, `to_ask`: what would
    be begun, and for what a person would be asked, the worst first; only where `acts`. `to_read`: those of
    both that have not been read live, in a dry run too. `slots`: how many may go on at once. `outdated`:
    requests for approval of which nothing will come: the resource is not planned
    any longer, or otherwise. They are to be removed. `capped`: the first limit that holds something back.
    """

    entries: tuple[Planned, ...]
    totals: Mapping[Reason, int]
    to_do: tuple[Planned, ...]
    to_ask: tuple[Planned, ...]
    to_read: tuple[Planned, ...]
    slots: int
    outdated: tuple[str, ...]
    acts: bool
    capped: Outcome | None = None


def plan(rule: Rule, candidates: Iterable[Candidate], known: Circumstances) -> Plan:
    """Plan one rule. `candidates` must be complete: what is not among them is in scope no longer."""
    planner = _Planner(rule, known)
    eligible = [each for each in candidates if not planner.refused(each)]
    for candidate in _sorted(eligible):
        planner.admit(candidate)
    return planner.plan()


def _sorted(candidates: list[Candidate]) -> Iterable[Candidate]:
    """Return candidates, the worst first; sorted in runs, as no other thread goes on while a list is."""
    runs = (candidates[start : start + _RUN] for start in range(0, len(candidates), _RUN))
    return merge(*(sorted(run, key=candidate_order) for run in runs), key=candidate_order)


def candidate_order(candidate: Candidate) -> tuple[int, int, int, ResourceKey]:
    """Return by what candidates are put in order: severity, then how long they are known to fail."""
    since = candidate.failing_since
    return -candidate.severity, since is None, since or 0, candidate.resource


class _Planner:
    def __init__(self, rule: Rule, known: Circumstances) -> None:
        self._rule = rule
        self._known = known
        own = known.journal.of_rule(rule.name)
        self._budget = Budget(
            rule.limits, own, checked=known.checked, now=known.now, cycle_began=known.cycle_began
        )
        self._slots = self._budget.slots
        self._waiting = {entry.name for entry in own if entry.state is State.AWAITING_APPROVAL}
        self._asked = len(self._waiting)
        self._requests: set[str] = set()
        self._why_not: dict[str, NotGranted | None] = {}
        self._all: list[tuple[Candidate, Outcome]] = []
        self._to_do: list[Planned] = []
        self._to_ask: list[Planned] = []

    def refused(self, candidate: Candidate) -> bool:
        """Take in a candidate, unless only approval, window or limits can make it wait: then return False."""
        outcome = self._refusal(candidate)
        if outcome is None:
            return False
        if outcome.decision is Decision.WAIT or outcome.reason in _PASSING:
            self._requests.update(entry.name for entry in self._own(candidate))
        self._all.append((candidate, outcome))
        return True

    def _refusal(self, candidate: Candidate) -> Outcome | None:
        if not self._known.policies_read:
            message = "The policies could not be read, and any of them may protect it."
            return Outcome(Reason.POLICY_UNREADABLE, message)
        return (
            candidate.refusal
            or self._protection(candidate)
            or self._forbidden(candidate)
            or self._journalled(candidate)
            or self._live(candidate)
            or self._delayed(candidate)
        )

    def _protection(self, candidate: Candidate) -> Outcome | None:
        if candidate.excepted:
            return Outcome(Reason.EXCEPTED, f"The rule's exceptions select finding {candidate.excepted}.")
        if candidate.policies:
            names = ", ".join(candidate.policies[:5])
            return Outcome(Reason.SUPPRESSED, f"Policies that have not expired protect it: {names}.")
        if candidate.suppressed:
            return Outcome(Reason.SUPPRESSED, f"Finding {candidate.suppressed} is suppressed.")
        if candidate.off:
            return Outcome(Reason.SUPPRESSED, "Its control is turned off where the finding is.")
        return None

    def _forbidden(self, candidate: Candidate) -> Outcome | None:
        if tag := opting_out(candidate.tags, self._rule.opt_out):
            return Outcome(Reason.OPTED_OUT, f"Tag {tag} opts it out.")
        account_id = candidate.resource.account_id
        if account_id not in self._why_not:
            self._why_not[account_id] = self._known.why_not(account_id)
        refusal = self._why_not[account_id]
        if refusal is not None:
            return Outcome(Reason.NOT_GRANTED, f"{refusal.message}: {refusal.advice}")
        return None

    def _journalled(self, candidate: Candidate) -> Outcome | None:
        entries = self._known.journal.of_resource(candidate.resource)
        going = next((entry for entry in entries if entry.is_going), None)
        if going is not None:
            return Outcome(Reason.PENDING, f"Remediation {going.name} of rule {going.rule} goes on.")
        own = [entry for entry in entries if entry.rule == self._rule.name]
        stopped = next((entry for entry in own if self._is_left_alone(candidate, entry)), None)
        if stopped is not None:
            return Outcome(
                Reason.ALREADY_HANDLED,
                f"A person undid remediation {stopped.name}, or called it off: the rule leaves it alone until"
                " its findings have passed, or the rule selects or does something else. Delete the"
                " remediation to have the rule act again.",
            )
        for entry in own:
            if entry.is_finished and (entry.finished_at is None or candidate.looked_at <= entry.finished_at):
                return Outcome(
                    Reason.ALREADY_HANDLED,
                    f"Remediation {entry.name} has ended as {entry.state}, and no finding has been updated"
                    " since.",
                )
        return None

    def _is_left_alone(self, candidate: Candidate, entry: Entry) -> bool:
        """Whether a person's undo of an entry stands: nothing has passed since, and the rule is the same."""
        if not (entry.undo or entry.state is State.UNDONE):
            return False
        if not entry.is_finished or entry.state is State.SUCCEEDED:
            return True
        passed = candidate.turned_at is not None and candidate.turned_at > entry.ended_at
        digests = entry.rule_digest, self._rule.digest
        return not (passed or (all(digests) and digests[0] != digests[1]))

    def _live(self, candidate: Candidate) -> Outcome | None:
        seen = self._known.seen.get(candidate.resource)
        if seen is None:
            return None
        if seen.verdict is None and not seen.writes:
            return Outcome(Reason.ALREADY_COMPLIANT, "Nothing is left that the action would write.")
        return seen.verdict

    def _delayed(self, candidate: Candidate) -> Outcome | None:
        failing, back = candidate.failing_since, self._known.in_scope_since(candidate.resource)
        if failing is None or back is None:
            what = "it fails" if failing is None else "it is in scope"
            return Outcome(Reason.DELAYED, f"Since when {what} is not known, so the delay has not passed.")
        due = max(failing, back) + self._rule.delay
        if self._known.now < due:
            return Outcome(Reason.DELAYED, f"The delay passes at {text_of(due)}.")
        return None

    def admit(self, candidate: Candidate) -> None:
        """Take in a candidate that is otherwise to be remediated, after all that are worse."""
        request = self._request(candidate)
        if request is not None:
            self._requests.add(request.name)
        outcome: Outcome | None
        if self._rule.needs_approval and (request is None or not request.is_approved):
            outcome = self._asking(candidate, request)
        else:
            outcome = self._closed() or self._capped(candidate, request)
        if outcome is None:
            would = "It is remediated" if self._rule.acts else "It would be remediated"
            outcome = Outcome(
                Reason.PLANNED, f"{would}: {self._rule.action.name}.{self._set_back_by(candidate)}"
            )
            self._budget.take(candidate.resource, self._writes(candidate, request))
            self._to_do.append(self._planned(candidate, outcome))
        self._all.append((candidate, outcome))

    def _set_back_by(self, candidate: Candidate) -> str:
        seen = self._known.seen.get(candidate.resource)
        if seen is None or not seen.managed_by:
            return ""
        return f" {seen.managed_by} made it, and may set it back: change it there too."

    def _asking(self, candidate: Candidate, request: Entry | None) -> Outcome:
        if request is not None:
            return Outcome(Reason.AWAITING_APPROVAL, f"Remediation {request.name} waits for approval.")
        if self._asked >= self._rule.limits.per_day:
            message = (
                f"{self._asked} requests wait for approval, and limits.{Cap.PER_DAY.value} allows no more."
            )
            return Outcome(Reason.CAP_REACHED, message)
        self._asked += 1
        outcome = Outcome(Reason.AWAITING_APPROVAL, "A person is to approve it.")
        self._to_ask.append(self._planned(candidate, outcome))
        return outcome

    def _closed(self) -> Outcome | None:
        window = self._known.window
        if window is None or (window.open_until is not None and self._known.now < window.open_until):
            return None
        when = "" if window.opens_at is None else f" It opens at {text_of(window.opens_at)}."
        return Outcome(Reason.OUTSIDE_WINDOW, f"The rule's window is closed.{when}")

    def _capped(self, candidate: Candidate, request: Entry | None) -> Outcome | None:
        reached = self._budget.why_not(candidate.resource, self._writes(candidate, request))
        return None if reached is None else Outcome(Reason.CAP_REACHED, reached.message)

    def _request(self, candidate: Candidate) -> Entry | None:
        """Return the request for approval of just this plan, if there is one.

        Where the resource was not read now, which sub-writes it needs is not known, and the request stands.
        """
        seen = candidate.resource in self._known.seen
        for entry in self._own(candidate) if self._rule.needs_approval else ():
            if entry.name in self._waiting and (not seen or entry.plan_hash == self._hash(candidate)):
                return entry
        return None

    def _own(self, candidate: Candidate) -> list[Entry]:
        entries = self._known.journal.of_resource(candidate.resource)
        return [entry for entry in entries if entry.rule == self._rule.name]

    def _hash(self, candidate: Candidate) -> str:
        seen = self._known.seen.get(candidate.resource)
        return plan_hash(self._rule, candidate.resource, seen.writes if seen else ())

    def _writes(self, candidate: Candidate, request: Entry | None) -> int:
        """Return how many sub-writes it needs: one at least, as long as nothing says more."""
        seen = self._known.seen.get(candidate.resource)
        said = len(seen.writes) if seen else 0 if request is None else request.writes or 0
        return max(said, 1)

    def _planned(self, candidate: Candidate, outcome: Outcome) -> Planned:
        request = self._request(candidate)
        writes = self._writes(candidate, request)
        if request is not None:
            return Planned(candidate, outcome, request.plan_hash, request.name, writes)
        name = next_name(self._rule.uid, candidate.resource, self._own(candidate))
        return Planned(candidate, outcome, self._hash(candidate), name, writes)

    def plan(self) -> Plan:
        """Return the plan of all that was taken in."""
        acts, seen = self._rule.acts, self._known.seen
        worst = nsmallest(MAX_ENTRIES, self._all, key=lambda each: candidate_order(each[0]))
        return Plan(
            tuple(self._planned(candidate, outcome) for candidate, outcome in worst),
            Counter(outcome.reason for _, outcome in self._all),
            tuple(self._to_do) if acts else (),
            tuple(self._to_ask) if acts else (),
            tuple(each for each in (*self._to_do, *self._to_ask) if each.candidate.resource not in seen),
            self._slots,
            tuple(sorted(self._waiting - self._requests)) if acts else (),
            acts,
            next((outcome for _, outcome in self._all if outcome.reason is Reason.CAP_REACHED), None),
        )


# What may be otherwise in a moment: a request for approval outlasts it.
_PASSING = frozenset(
    {
        Reason.POLICY_UNREADABLE,
        Reason.OPT_OUT_UNREADABLE,
        Reason.UNREADABLE,
        Reason.ACCESS_DENIED,
        Reason.NOT_GRANTED,
    }
)
