"""What is overdue and worst, over histories of copies, restarts, lost stores and clocks: counted slowly."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import NamedTuple, cast

import pytest

from posture.aws.securityhub.wire import FindingsPage
from posture.domain.findings import Check, CheckSource, Compliance, Finding, RecordState, Severity, Workflow
from posture.domain.objectives.failed import ResolveLimits
from posture.domain.objectives.overdue import LISTED, Overdue, OverdueKey
from posture.domain.objectives.worst import ControlKey
from posture.domain.scoring.accounts import AccountFilter, Grouping
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.standards import ControlAssociation, Controls, ControlStatus, Standard
from posture.sources.failed_cache import FailedCache, FailedLimits
from posture.sources.findings_view import FindingsView
from posture.store.records import CellKey, FailedAsk, FailedRow, Read
from posture.store.sqlite.store import Store
from tests.support.examples import seeds
from tests.support.rows import finding

SECOND = 1_000_000
HOUR = 3600 * SECOND
NOW = 1_795_000_000 * SECOND
WINDOW = 26 * HOUR
STANDARD, OTHER = "s/v/1", "s/v/2"
ACCOUNTS, REGIONS = ("1" * 12, "2" * 12, "3" * 12), ("eu-west-1", "us-east-1")
HOME = (ACCOUNTS[0], REGIONS[0])
OFF, ON, AWAY = "C.1", "C.2", "C.3"
TURNED_OFF = TurnedOff(STANDARD, AWAY, ACCOUNTS[1], REGIONS[1])
VIEW = View(
    (STANDARD, OTHER),
    Controls(
        {
            standard: Standard(
                standard,
                "arn",
                {each: ControlAssociation(each, enabled=each != OFF or standard == OTHER) for each in known},
            )
            for standard, known in ((STANDARD, (OFF, ON, AWAY)), (OTHER, (OFF, ON)))
        }
    ),
    AccountFilter(exclude=(ACCOUNTS[2],)),
    Grouping(),
    HOME,
    products=frozenset({"Security Hub", "GuardDuty"}),
    turned_off={TURNED_OFF: ControlStatus.FAILED},
)
LIMITS = (
    ResolveLimits(critical=HOUR, high=20 * HOUR, low=3 * HOUR),
    ResolveLimits(medium=1),
    ResolveLimits(),
)
CHECKS = (
    *(Check("Security Hub", CheckSource.SECURITY_HUB, each, False, (STANDARD,)) for each in (OFF, ON, AWAY)),  # noqa: FBT003 - numbered
    *(
        Check("Security Hub", CheckSource.SECURITY_HUB, each, numbered=False, standards=(STANDARD, OTHER))
        for each in (OFF, ON)
    ),
    Check("Security Hub", CheckSource.SECURITY_HUB, ON, numbered=False, standards=("not chosen",)),
    Check("Security Hub", CheckSource.SECURITY_HUB, "1.10", numbered=True, standards=(OTHER,)),
    Check("GuardDuty", None, "", numbered=False, standards=()),
    Check("Inspector", None, "", numbered=False, standards=()),
)


def counts_for(last: Finding) -> list[str]:
    """The chosen standards in which a finding of Security Hub's own counts where it is."""
    place, control = (last.account_id, last.region), last.check.control
    return [
        standard
        for standard in last.check.standards
        if standard in {STANDARD, OTHER}
        and not (standard == STANDARD and control == OFF and place == HOME)
        and not (standard == STANDARD and control == AWAY and place == TURNED_OFF[2:])
    ]


class Told(NamedTuple):
    """A copy, and when it was asked for."""

    copy: Finding
    asked_at: int


class Oracle:
    """Every copy that was ever read, and what follows from all of them, one finding after the other."""

    def __init__(self) -> None:
        self._told: dict[str, list[Told]] = {}

    def read(self, copies: list[Finding], asked_at: int) -> None:
        for copy in copies:
            self._told.setdefault(copy.id, []).append(Told(copy, asked_at))

    def remembered(self) -> list[Finding]:
        """What Security Hub has now, by what it has said last."""
        return [self._counted(told)[-1] for told in self._told.values()]

    def overdue(self, limits: ResolveLimits, now: int) -> dict[str, tuple[OverdueKey, int]]:
        """By Id what a finding is counted by, and the moment at which it had to be resolved."""
        found = {}
        for name, told in self._told.items():
            copies = self._counted(told)
            last, limit = copies[-1], limits[copies[-1].severity]
            if limit is None or not self._has_failed(last, now):
                continue
            due = self._since(copies) + limit
            if now > due:
                found[name] = (OverdueKey(last.check.product, last.account_id, last.severity), due)
        return found

    def worst(self, now: int) -> list[tuple[str, Severity, int, int, int]]:
        """By control: its worst severity, how many failed, in how many accounts, since when the first."""
        groups: dict[str, list[tuple[Finding, int]]] = {}
        for last, since in self._failed(now):
            control = last.check.control
            groups.setdefault(f"{OTHER}/{control}" if last.check.numbered else control, []).append(
                (last, since)
            )
        found = [
            (
                control,
                max(each.severity for each, _ in those),
                len(those),
                len({each.account_id for each, _ in those}),
                min(since for _, since in those),
            )
            for control, those in groups.items()
        ]
        return sorted(found, key=lambda each: (-each[1], -each[2], each[0]))

    def by_control(self, now: int) -> dict[ControlKey, int]:
        return dict(
            Counter(
                ControlKey(standard, last.check.control, last.severity)
                for last, _ in self._failed(now)
                for standard in counts_for(last)
            )
        )

    def _failed(self, now: int) -> list[tuple[Finding, int]]:
        counted = [self._counted(told) for told in self._told.values()]
        return [
            (copies[-1], self._since(copies))
            for copies in counted
            if copies[-1].check.source is not None and self._has_failed(copies[-1], now)
        ]

    @staticmethod
    def _counted(told: list[Told]) -> list[Finding]:
        counted: list[Told] = []
        for each in told:
            if all(
                (each.copy.updated_at, each.asked_at) >= (other.copy.updated_at, other.asked_at)
                for other in counted
            ):
                counted.append(each)
        return [each.copy for each in counted]

    @staticmethod
    def _since(copies: list[Finding]) -> int:
        fails = [copy.compliance in {Compliance.FAILED, Compliance.NONE} for copy in copies]
        turns = [n for n in range(1, len(copies)) if fails[n] and not fails[n - 1]]
        if turns:
            return copies[turns[-1]].updated_at
        first = copies[0]
        return min(
            first.updated_at, first.created_at if first.first_observed_at is None else first.first_observed_at
        )

    @staticmethod
    def _has_failed(last: Finding, now: int) -> bool:
        if last.record_state is not RecordState.ACTIVE or last.workflow is Workflow.SUPPRESSED:
            return False
        if last.account_id == ACCOUNTS[2]:
            return False
        if last.check.source is None:
            failed = last.compliance in {Compliance.FAILED, Compliance.NONE}
            return failed and last.check.product == "GuardDuty"
        fresh = now - last.updated_at <= WINDOW
        return last.compliance is Compliance.FAILED and fresh and bool(counts_for(last))


class World:
    """A hub's knowledge, as one replica after the other has it."""

    def __init__(self, path: Path, random: Random) -> None:
        self._path, self._random, self._files = path, random, 0
        self.oracle = Oracle()
        self.followed = [FailedLimits(WINDOW, each) for each in LIMITS]
        self.begin()

    def begin(self) -> None:
        """Open the store that is there, as another process does."""
        self.store = Store.open(self._path / f"{self._files}.sqlite", owner="hub").store
        self.findings = FindingsView(self.store)

    def lose(self, now: int) -> None:
        """Begin without a store: everything is read again."""
        known = self.oracle.remembered()
        self.store.close()
        self._files += 1
        self.oracle = Oracle()
        self.begin()
        self.read(known, now)

    def read(self, copies: list[Finding], now: int) -> None:
        self.findings.take(
            [FindingsPage(copies, [], [], None, now)], {"Security Hub", "GuardDuty", "Inspector"}
        )
        self.oracle.read(copies, now)

    def copies(self, now: int) -> list[Finding]:
        """Some copies, late ones too."""
        random, copies = self._random, []
        for _ in range(random.randrange(8)):
            number = random.randrange(40)
            fixed = Random(number)
            check = fixed.choice(CHECKS)
            copies.append(
                finding(
                    number,
                    check=check,
                    account_id=fixed.choice(ACCOUNTS),
                    region=fixed.choice(REGIONS),
                    severity=random.choice(tuple(Severity))
                    if random.random() < 0.1
                    else fixed.choice(tuple(Severity)),
                    compliance=random.choice((Compliance.FAILED, Compliance.FAILED, *Compliance)),
                    workflow=random.choice((Workflow.NEW, *Workflow)),
                    record_state=random.choice((RecordState.ACTIVE, RecordState.ACTIVE, *RecordState)),
                    created_at=now - random.randrange(30 * HOUR),
                    first_observed_at=random.choice((None, now - random.randrange(30 * HOUR))),
                    updated_at=now - random.choice((0, 0, random.randrange(2 * HOUR))),
                )
            )
        return copies

    def check(self, now: int) -> None:
        """Compare what is published with the slow truth."""
        self.findings.publish(now, [WINDOW], {}, self.followed)
        for followed in self.followed:
            evaluated = self.findings.evaluate(VIEW, WINDOW, followed)
            assert evaluated is not None
            found, told = evaluated.overdue, self.oracle.overdue(followed.limits, now)
            assert found is not None
            assert (found.counts, found.unknown) == (dict(Counter(key for key, _ in told.values())), 0)
            named = self.findings.overdue_findings(found.longest, followed)
            first = sorted((due, name) for name, (_, due) in told.items())[:LISTED]
            assert [each.id for each in named] == [name for _, name in first]
            assert sum(found.by_severity().values()) == len(told)
            assert evaluated.failed is not None
            assert [each[:5] for each in evaluated.failed.worst] == self.oracle.worst(now)
            assert evaluated.failed.failed == self.oracle.by_control(now)
            titles = {self.findings.title(each.cell) for each in evaluated.failed.worst}
            assert titles <= {"S3 buckets should block public access"}


@seeds(25)
def test_what_is_overdue_is_what_a_recount_of_every_copy_says(tmp_path: Path, seed: int) -> None:
    random, now = Random(seed), NOW
    world = World(tmp_path, random)
    for _ in range(30):
        # Mostly nothing happens but that time passes; now and then AWS's clock is found to have been ahead.
        now += random.choice((1, 30 * SECOND, random.randrange(HOUR), random.randrange(9 * HOUR)))
        if random.random() < 0.05:
            now -= random.randrange(HOUR)
        if random.random() < 0.6:
            world.read(world.copies(now), now)
        fate = random.random()
        if fate < 0.1:
            world.store.close()
            world.begin()
        elif fate < 0.15:
            world.lose(now)
        if random.random() < 0.8:
            world.check(now)
    world.store.close()


class Counting:
    """A store that notes of which cells failed findings are asked for."""

    def __init__(self, store: Store) -> None:
        self.asked = set[CellKey]()
        self._store = store

    def failed_cells(self, keys: set[CellKey] | None, ask: FailedAsk) -> list[FailedRow]:
        rows = list(self._store.failed_cells(keys, ask))
        self.asked |= {row.key for row in rows}
        return rows


def test_only_what_changed_or_aged_is_read_again(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "hub.sqlite", owner="hub").store
    counting = Counting(store)
    cells = {
        since: store.write(
            [
                Read(
                    [
                        finding(f"{since}-{n}", account_id=f"{since}{n}", severity=Severity.HIGH)._replace(
                            created_at=NOW - since * HOUR, updated_at=NOW
                        )
                        for n in range(50)
                    ],
                    NOW,
                )
            ]
        ).cells
        for since in (1, 3)
    }
    cache = FailedCache(FailedLimits(WINDOW, ResolveLimits(high=4 * HOUR)))
    asked = cast("Store", counting)
    assert cache.refresh(asked, set(), NOW) == 100
    everything = cells[1] | cells[3]
    some = {*list(cells[1])[:3]}
    for now, changed, expected, moved in (
        (NOW + HOUR - 60 * SECOND, set[CellKey](), set[CellKey](), 0),
        (NOW + HOUR + 1, set(), cells[3], 50),
        (NOW + 2 * HOUR, some, some, 0),
        (NOW + 3 * HOUR + 1, set(), cells[1], 50),
        (NOW + 4 * HOUR, set(), set(), 0),
        (NOW + WINDOW + 1, set(), everything, 100),
        (NOW + 99 * WINDOW, set(), set(), 0),
    ):
        counting.asked.clear()
        assert cache.refresh(asked, changed, now) == moved
        assert counting.asked == expected
    store.close()


def test_what_an_earlier_version_stored_without_since_when_is_told_to_be_unknown(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "hub.sqlite", owner="hub").store
    store.write([Read([finding(n, severity=Severity.HIGH, updated_at=NOW) for n in range(3)], NOW)])
    with store._database.transaction() as connection:
        connection.execute("UPDATE finding SET failing = NULL, seen = NULL")
    ask = FailedAsk(WINDOW, ResolveLimits(high=HOUR), NOW)
    (row,) = store.failed_cells(None, ask)
    assert row.cell is not None
    assert (row.cell.counts.overdue, row.cell.counts.unknown, row.cell.counts.oldest) == ((), 3, None)
    assert not list(store.overdue_findings(row.key, ask, most=9))
    store.close()


@pytest.mark.parametrize("limits", LIMITS)
def test_nothing_is_told_while_it_is_not_followed(tmp_path: Path, limits: ResolveLimits) -> None:
    store = Store.open(tmp_path / "hub.sqlite", owner="hub").store
    findings, followed = FindingsView(store), FailedLimits(WINDOW, limits)
    first = findings.publish(NOW, [WINDOW], {})
    evaluated = findings.evaluate(VIEW, WINDOW, followed)
    assert evaluated is not None
    assert evaluated.overdue is None
    second = findings.publish(NOW + 1, [WINDOW], {}, [followed])
    assert second.version != first.version
    evaluated = findings.evaluate(VIEW, WINDOW, followed)
    assert evaluated is not None
    assert evaluated.overdue == Overdue({}, 0, ())
    store.close()
