"""What to write so that Security Hub is as declared, and how far each policy is."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import islice
from typing import NamedTuple

from posture.domain.exceptions import marks
from posture.domain.exceptions.attempts import AttemptKey, LastAttempt, is_due, purpose_of
from posture.domain.exceptions.declaration import Declaration
from posture.domain.exceptions.marks import Mark, UserFields
from posture.domain.exceptions.notes import AUTHOR, reopening_note
from posture.domain.exceptions.policy import Phase, Release
from posture.domain.exceptions.survey import Case, SurveyTally
from posture.domain.findings import Compliance, Finding, FindingId, RecordState, Workflow

# BatchUpdateFindings takes up to 100 findings a call (API reference).
MAX_BATCH = 100


class FindingAct(IntEnum):
    """What a write is for, in the order in which they are done: exceptions that are over end first."""

    REOPEN = 0
    UNMARK = 1
    HAND_OVER = 2
    REFRESH = 3
    SUPPRESS_AGAIN = 4
    SUPPRESS = 5


class FindingChange(NamedTuple):
    """What a call writes, the same to all its findings; None: left as it is."""

    workflow: Workflow | None
    note: str | None
    user_fields: UserFields
    """The whole map."""
    note_by: str = AUTHOR
    """As whose note it is written."""


class Write(NamedTuple):
    """A change of one finding."""

    finding: FindingId
    account_id: str
    act: FindingAct
    policy: str
    """For which it is done, or which lets go of it."""
    change: FindingChange

    @property
    def attempt_key(self) -> AttemptKey:
        """Name the finding as attempts are kept by."""
        return self.finding

    @property
    def purpose(self) -> str:
        """Name what it is to achieve: two kinds of corrections that undo each other have the same."""
        kind = "suppressed" if self.act > FindingAct.UNMARK else self.act.name
        retains = str(marks.retains(self.change.user_fields))
        return purpose_of(kind, self.policy, self.change.note or "", retains)

    @property
    def undone(self) -> str:
        """Name the policy whose suppression somebody had undone; empty where that is not so."""
        return self.policy if self.act is FindingAct.SUPPRESS_AGAIN else ""


class Batch(NamedTuple):
    """The findings of one call."""

    change: FindingChange
    writes: tuple[Write, ...]


class PolicyOutcome(NamedTuple):
    """How far a policy is. Counts are of findings; see `SurveyTally` for those that have its names."""

    phase: Phase
    matched: int
    suppressed: int
    marked: int
    forbidden: int
    drift: int
    """Suppressions that somebody undid, now or within the last day."""
    planned: int
    """To be written now."""
    waiting: int
    """Not to be written now, because the same was tried shortly before."""
    would_suppress: int
    would_reopen: int
    over: bool
    """It matches more than its `maxFindings`, so that nothing new is suppressed."""
    full: tuple[FindingId, ...]
    """Findings that cannot be marked because they have no room for more user-defined fields, and so are not
    suppressed."""
    barred: int = 0


class FindingPlan(NamedTuple):
    """The writes, in the order of their acts, and the outcome for each of the hub's policies."""

    writes: tuple[Write, ...]
    outcomes: Mapping[str, PolicyOutcome]


class Timing(NamedTuple):
    """When a plan is made, the interval between polls, and what was tried before."""

    now: int
    interval: int
    attempts: Mapping[AttemptKey, LastAttempt] = {}


def finding_plan(
    declaration: Declaration,
    tallies: Mapping[str, SurveyTally],
    cases: Iterable[Case],
    timing: Timing,
    *,
    exact: bool = True,
) -> FindingPlan:
    """Plan one poll.

    `tallies` and `cases` are of surveys under this declaration, of all findings that a policy can select and
    of all that bear a mark. `exact`: the findings are known to be as Security Hub has them; while they are
    not, nothing that was suppressed is let go of, handed over or rewritten: its mark may be of the past.
    """
    planner = _Planner(declaration, timing, too_many(declaration, tallies), exact=exact)
    for case in cases:
        planner.consider(case)
    writes = sorted(planner.writes, key=lambda write: (write.act, write.policy, write.finding))
    return FindingPlan(
        tuple(writes),
        {name: planner.outcome(name, tallies.get(name, SurveyTally())) for name in declaration.policies},
    )


def too_many(declaration: Declaration, tallies: Mapping[str, SurveyTally]) -> set[str]:
    """Return the policies that match more than their `maxFindings`: they take on nothing new."""
    return {
        name
        for name, policy in declaration.policies.items()
        if name in tallies and tallies[name].matched > policy.max_findings
    }


def batches(writes: Iterable[Write]) -> Iterator[Batch]:
    """Group writes of the same change into calls, in the order in which each change first comes."""
    by_change: dict[FindingChange, list[Write]] = {}
    for write in writes:
        by_change.setdefault(write.change, []).append(write)
    for change, same in by_change.items():
        rest = iter(same)
        while batch := tuple(islice(rest, MAX_BATCH)):
            yield Batch(change, batch)


class _Planner:
    def __init__(self, declaration: Declaration, timing: Timing, over: set[str], *, exact: bool) -> None:
        self._declared = declaration
        self._timing = timing
        self._over = over
        self._exact = exact
        self.writes: list[Write] = []
        self._waiting: Counter[str] = Counter()
        self._planned: Counter[str] = Counter()
        self._full: dict[str, list[FindingId]] = {}
        self._undone: dict[str, set[AttemptKey]] = {}
        for finding, last in timing.attempts.items():
            self._undone.setdefault(last.undone, set()).add(finding)

    def consider(self, case: Case) -> None:
        """Plan the write that a finding needs, if any."""
        self._note_undone(case)
        if case.finding.workflow is Workflow.SUPPRESSED:
            write = self._of_suppressed(case) if self._exact else None
        else:
            write = self._of_open(case)
        if write is None:
            return
        last = self._timing.attempts.get(write.finding)
        if is_due(last, write.purpose, self._timing.now, self._timing.interval):
            self.writes.append(write)
            self._planned[write.policy] += 1
        else:
            self._waiting[write.policy] += 1

    def _note_undone(self, case: Case) -> None:
        finding, mark, claims, _ = case
        if mark is not None and finding.workflow is not Workflow.SUPPRESSED and mark.policy in claims:
            self._undone.setdefault(mark.policy, set()).add(_id(finding))

    def _of_suppressed(self, case: Case) -> Write | None:
        """Refresh it, or hand it over, or let it go; all are marked, a person's suppression is no case."""
        finding, mark, claims, release = case
        if mark is None:
            return None
        if mark.policy in claims:
            return self._marked(FindingAct.REFRESH, finding, mark, mark.policy)
        if release is None:
            return None
        heir = self._first(claims)
        if heir and (write := self._marked(FindingAct.HAND_OVER, finding, mark, heir)):
            return write
        if release is Release.RETAINED:
            fields = marks.unmarked(finding.user_fields, keeping_note=True)
            return _write(FindingAct.UNMARK, finding, mark.policy, FindingChange(None, None, fields))
        passed = finding.compliance is Compliance.PASSED
        # As Security Hub itself does with what passes (user guide, "Workflow status").
        workflow = Workflow.RESOLVED if passed else mark.previous
        change = _let_go(finding, workflow)
        if change.note is None and not marks.has_note_of_others(finding):
            change = change._replace(note=reopening_note(mark.policy, release))
        return _write(FindingAct.REOPEN, finding, mark.policy, change)

    def _of_open(self, case: Case) -> Write | None:
        """Suppress it, again perhaps, or take off a mark that means nothing any longer."""
        finding, mark, claims, release = case
        wanted = claims if finding.record_state is RecordState.ACTIVE else ()
        if mark is not None and mark.policy in wanted and mark.policy not in self._over:
            act, policy = FindingAct.SUPPRESS_AGAIN, mark.policy
        else:
            act, policy = FindingAct.SUPPRESS, self._first(wanted)
        if policy:
            new = Mark(self._declared.identity.owner, policy, finding.workflow)
            return self._marked(act, finding, new, policy)
        if mark is not None and release is not None and self._exact:
            return _write(FindingAct.UNMARK, finding, mark.policy, _let_go(finding, None))
        return None

    def _first(self, claims: Iterable[str]) -> str:
        """Return the first policy that may take on anything new, empty where there is none."""
        return next((name for name in claims if name not in self._over), "")

    def _marked(self, act: FindingAct, finding: Finding, mark: Mark, policy: str) -> Write | None:
        """Have a finding suppressed for a policy; None where its mark, and the note before, have no room."""
        owned = self._declared.owned(mark, policy)._replace(note=marks.note_before(finding))
        user_fields = marks.marked(finding.user_fields, owned)
        if user_fields is None:
            self._full.setdefault(policy, []).append(_id(finding))
            return None
        # What is suppressed already is not suppressed again: somebody may be undoing it just now.
        workflow = Workflow.SUPPRESSED if act >= FindingAct.SUPPRESS_AGAIN else None
        change = FindingChange(workflow, self._declared.notes[policy], user_fields)
        return Write(_id(finding), finding.account_id, act, policy, change)

    def outcome(self, name: str, tally: SurveyTally) -> PolicyOutcome:
        """Say how far a policy is, after all cases."""
        over = name in self._over
        return PolicyOutcome(
            phase=self._declared.policies[name].phase,
            matched=tally.matched,
            suppressed=tally.suppressed,
            marked=tally.marked,
            forbidden=tally.forbidden,
            drift=len(self._undone.get(name, ())),
            planned=self._planned[name],
            waiting=self._waiting[name],
            would_suppress=0 if over else tally.would_suppress,
            would_reopen=tally.would_reopen,
            over=over,
            full=tuple(sorted(self._full.get(name, ()))),
            barred=tally.barred,
        )


def _let_go(finding: Finding, workflow: Workflow | None) -> FindingChange:
    """Take the mark off, and give the note back that there was before it."""
    fields = marks.unmarked(finding.user_fields)
    note = marks.given_back(finding)
    return (
        FindingChange(workflow, None, fields)
        if note is None
        else FindingChange(workflow, note.text, fields, note.author)
    )


def _write(act: FindingAct, finding: Finding, policy: str, change: FindingChange) -> Write:
    return Write(_id(finding), finding.account_id, act, policy, change)


def _id(finding: Finding) -> FindingId:
    return FindingId(finding.product_arn, finding.id)
