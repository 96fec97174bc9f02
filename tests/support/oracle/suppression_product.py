"""The product's side of a history of suppressions: its planner, run as an operator runs it."""

from collections.abc import Collection, Mapping

from posture.domain.exceptions import marks
from posture.domain.exceptions.attempts import AttemptKey, LastAttempt, attempted, remembered
from posture.domain.exceptions.declaration import (
    Declaration,
    PolicyIdentity,
    Scope,
    TargetKnown,
    differences,
)
from posture.domain.exceptions.finding_plan import Batch, FindingPlan, Timing, batches, finding_plan
from posture.domain.exceptions.policy import Policy, Terms, phase
from posture.domain.exceptions.survey import ExceptionSurvey, Surveys, survey
from posture.domain.findings import (
    Check,
    CheckSource,
    Compliance,
    Finding,
    RecordState,
    Resource,
    Severity,
    Workflow,
)
from posture.domain.grants import Mode
from posture.domain.scoring.accounts import Group
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.standards import Controls
from tests.support.oracle.suppression import (
    ADOPTED,
    DAY,
    ENVIRONMENTS,
    LONGEST,
    OWNER,
    Record,
    Rule,
    World,
)
from tests.support.oracle.suppression_hub import RefusedError, SecurityHub

ARN = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
INTERVAL = 300 * 1_000_000
REGION = "eu-west-1"
_CONTROLS = Controls({})

Cell = tuple[Check, str]


def check_of(control: str) -> Check:
    return Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control=control,
        numbered=False,
        standards=("fsbp/v/1.0.0",),
    )


def finding_of(record: Record) -> Finding:
    return Finding(
        id=record.id,
        product_arn=ARN,
        check=check_of(record.control),
        account_id=record.account,
        account_name="",
        region=REGION,
        title="",
        severity=Severity.HIGH,
        compliance=Compliance[record.compliance],
        record_state=RecordState[record.state],
        created_at=0,
        updated_at=0,
        resources=(Resource("AwsS3Bucket", record.id),),
        workflow=Workflow[record.workflow],
        note=record.note,
        user_fields=tuple(sorted(record.fields.items())),
        note_by=record.by,
    )


def policy_of(rule: Rule, now: int) -> Policy:
    terms = Terms(
        policy=rule.name,
        justification=rule.text,
        approved_by=f"approver of {rule.name}",
        expires_at=rule.expires,
        created_at=0,
        reference="SEC-1",
        mode=Mode.DRY_RUN if rule.dry_run else Mode.ENFORCE,
        suspended=rule.suspended,
        deleted_at=rule.deleted,
        retain=rule.retain,
    )
    match = Selector(controls=tuple(rule.controls), environments=tuple(rule.environments))
    exceptions = (Selector(accounts=tuple(rule.but_accounts)),) if rule.but_accounts else ()
    return Policy(
        terms,
        phase(terms, now, longest=LONGEST, stalled=rule.stalled),
        rule.target,
        Selection((match,), exceptions),
        rule.most,
    )


class Cover:
    """What a target covers: its accounts."""

    def __init__(self, target: str) -> None:
        self._accounts = ENVIRONMENTS[target]

    def __call__(self, check: Check, account_id: str) -> bool:
        return check.source is not None and account_id in self._accounts


_SCOPES = {
    target: Scope(Cover(target), _CONTROLS, {id_: Group("shop", name) for id_, name in environments.items()})
    for target, environments in ENVIRONMENTS.items()
}


class Operator:
    """Polls, plans and writes. `surveys` and `attempts` are what it keeps in memory."""

    def __init__(self, hub: SecurityHub) -> None:
        self.hub = hub
        self.attempts: Mapping[AttemptKey, LastAttempt] = {}
        self.refused = False
        self._surveys: Surveys[Cell] = Surveys()
        self._seen: dict[Cell, list[Finding]] = {}
        self._declared: Declaration | None = None
        self._forbidden: frozenset[tuple[str, str]] = frozenset()
        self._may_write = _permissions(self._forbidden)

    def declare(self, world: World) -> Declaration:
        if world.forbidden != self._forbidden:
            self._forbidden = frozenset(world.forbidden)
            self._may_write = _permissions(self._forbidden)
        return Declaration(
            [policy_of(rule, world.now) for rule in world.rules.values()],
            _SCOPES,
            identity=PolicyIdentity(OWNER, frozenset({ADOPTED})),
            may_write=self._may_write,
            known=TargetKnown(
                frozenset(world.elsewhere), None if world.watched is None else frozenset(world.watched)
            ),
        )

    def plan(self, world: World, *, exact: bool = True) -> FindingPlan:
        declared = self.declare(world)
        self._look_again(declared)
        self.attempts = remembered(self.attempts, world.now)
        return finding_plan(
            declared,
            self._surveys.tallies(),
            self._surveys.cases(),
            Timing(world.now, INTERVAL, self.attempts),
            exact=exact,
        )

    def _look_again(self, declared: Declaration) -> None:
        """Survey the cells that changed, and those that changed policies have to do with; check it by all."""
        cells: dict[Cell, list[Finding]] = {}
        for record in self.hub.records.values():
            finding = finding_of(record)
            cells.setdefault((finding.check, finding.account_id), []).append(finding)
        for place in cells.keys() | self._seen.keys():
            if cells.get(place) != self._seen.get(place) or place in self._affected(declared, cells.keys()):
                self._surveys.put(place, survey(cells.get(place, []), declared))
        self._seen, self._declared = cells, declared
        whole = survey([finding for cell in cells.values() for finding in cell], declared)
        assert self._surveys.tallies() == whole.tallies
        assert sorted(self._surveys.cases()) == sorted(whole.cases)
        _assert_narrowed(declared, cells, whole)

    def _affected(self, declared: Declaration, cells: Collection[Cell]) -> frozenset[Cell]:
        changed = None if self._declared is None else differences(self._declared, declared)
        if changed is None:
            return frozenset(cells) | self._seen.keys()
        found = set().union(*(self._surveys.places_of(name) for name in changed)) if changed else set()
        return frozenset(found | _places(declared, cells, changed))

    def write(self, batch: Batch, world: World) -> None:
        fields = batch.change.user_fields
        if self.refused:
            fields = marks.spelled_out(fields)
        ids = [write.finding.id for write in batch.writes]
        workflow = None if batch.change.workflow is None else batch.change.workflow.name
        note = None if batch.change.note is None else (batch.change.note, batch.change.note_by)
        try:
            self.hub.operator_writes(ids, workflow, note, dict(fields), world)
        except RefusedError:
            self.refused = True
            self.write(batch, world)
            return
        self.attempts = attempted(self.attempts, batch.writes, world.now)

    def run(self, world: World, *, crash_after: int | None = None) -> FindingPlan:
        """Plan and write; `crash_after` that many calls memory is lost."""
        planned = self.plan(world)
        calls = list(batches(planned.writes))
        for batch in calls[:crash_after]:
            self.write(batch, world)
        if crash_after is not None:
            self.__init__(self.hub)  # type: ignore[misc]
        return planned


def _places(declared: Declaration, cells: Collection[Cell], changed: Collection[str] | None) -> set[Cell]:
    there: dict[Check, dict[str, dict[str, Cell]]] = {}
    for check, account in cells:
        there.setdefault(check, {})[account] = {REGION: (check, account)}
    checks = declared.checks(there, changed)
    narrowed = {check: there[check] for check in checks}
    found = {place for place, _ in declared.places(there, changed)}
    assert found == {place for place, _ in declared.places(narrowed, changed)}
    return found


def _assert_narrowed(
    declared: Declaration, cells: Mapping[Cell, list[Finding]], whole: ExceptionSurvey
) -> None:
    """Hold that looking at candidates and at marked findings is enough."""
    places = _places(declared, cells.keys(), None)
    narrowed = [
        finding
        for place, findings in cells.items()
        for finding in findings
        if place in places or marks.read_mark(finding.user_fields)
    ]
    assert survey(narrowed, declared) == whole


def _permissions(forbidden: frozenset[tuple[str, str]]) -> "_Permissions":
    return _Permissions(forbidden)


class _Permissions:
    def __init__(self, forbidden: frozenset[tuple[str, str]]) -> None:
        self._forbidden = forbidden

    def __call__(self, namespace: str, account_id: str) -> bool:
        return (namespace, account_id) not in self._forbidden


LATER = 7 * DAY // 24
"""Longer than any write waits."""
