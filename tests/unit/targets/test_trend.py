"""The trend, over histories of scores, restarts, fail-overs and lost stores: compared slowly."""

from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest

from posture.api.conditions import ConditionStatus, set_condition
from posture.api.resource import parse, read_status
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import PostureTargetStatus
from posture.domain.objectives.trend import KEPT
from posture.domain.scoring.scores import Score
from posture.domain.time import DAY, HOUR, SECOND, datetime_of
from posture.hubs.hub import Hub
from posture.publish.reports import RestoredScores
from posture.sources.findings_view import FindingsView
from posture.store.sqlite.store import Store
from posture.targets.history import ScoreHistory
from posture.targets.objectives import with_objectives
from posture.targets.trend import compared, told_points, trend_fields, trend_now
from tests.support.examples import seeds

T = TypeVar("T")
NOW = 1_795_000_000 * SECOND
WINDOW_HOURS, MAX_DROP = 72, 2.5
WINDOW = WINDOW_HOURS * HOUR

Kept = dict[int, Score]
"""Points by their time."""


def target(window: str = f"{WINDOW_HOURS}h", max_drop: float = MAX_DROP, **scoring: str) -> PostureTarget:
    document = {
        "metadata": {"name": "t", "namespace": "ns"},
        "spec": {
            "aws": {"region": "eu-west-1"},
            "source": {"securityStandards": {"standards": ["*"]}},
            "objectives": {"trend": {"window": window, "maxDrop": max_drop}},
            "scoring": scoring,
        },
    }
    return parse(PostureTarget, document)


OBJECTIVE = target().spec.objectives.trend


class PaperHub:
    """A hub whose store is real, and which is open."""

    def __init__(self, path: Path) -> None:
        self.store = Store.open(path, owner="hub").store
        self.clock = NOW
        self.open = True
        self.status = SimpleNamespace(term=1, store_replaced=None)
        self._findings = FindingsView(self.store)

    def now(self) -> int:
        return self.clock

    async def look(self, look: Callable[[FindingsView], T]) -> T | None:
        return look(self._findings) if self.open else None


class Replica:
    """One that tells of a target: what is in its store, slowly, and what the product makes of it."""

    def __init__(self, path: Path) -> None:
        self.path, self.lost = path, 0
        self.kept: dict[str, Kept] = {}
        self.begin()

    def begin(self) -> None:
        """Begin as another process, over the store that is there."""
        self.hub = PaperHub(self.path.with_name(f"{self.path.name}-{self.lost}"))
        self.history = ScoreHistory("uid")

    def lose(self) -> None:
        """Begin without a store."""
        self.hub.store.close()
        self.lost += 1
        self.kept = {}
        self.begin()


def reference(kept: Kept, at: int) -> int:
    """When the point was that a score is compared with."""
    before = [each for each in kept if each <= at - WINDOW]
    return max(before) if before else min(kept)


def a_day(kept: Kept, at: int) -> Kept:
    """One point a day, from the one on that is compared with."""
    chosen: Kept = {}
    days = set()
    for each in sorted(kept):
        if each >= reference(kept, at) and each // DAY not in days:
            days.add(each // DAY)
            chosen[each] = kept[each]
    return {each: found for each, found in chosen.items() if each >= reference(chosen, at)}


@seeds(20)
async def test_every_comparison_is_that_of_a_slow_look_through_all_points(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    replicas = [Replica(tmp_path / f"replica-{n}") for n in range(2)]
    leader, now, scope = replicas[0], NOW, "one"
    told: Kept = {}
    status = PostureTargetStatus()
    for _ in range(120):
        now += random.choice((20 * 60 * SECOND, 61 * 60 * SECOND, random.randrange(30 * HOUR)))
        fate = random.random()
        if fate < 0.05:
            leader.hub.store.close()
            leader.begin()
        elif fate < 0.1:
            leader.lose()
        elif fate < 0.15:
            # The Lease moves: whoever takes over may have a store that is old.
            leader = random.choice(replicas)
            leader.history = ScoreHistory("uid")
        elif fate < 0.18:
            # What is scored is another thing now: nothing of the status is believed.
            scope, told = random.choice(("one", "two")), {}
            status = status.model_copy(update={"trend": None})
        score = Score(random.randrange(90, 101), 100)
        leader.hub.clock = now + random.randrange(SECOND)
        points = await leader.history.follow(
            cast("Hub", leader.hub), scope, told_points(status), now, score, WINDOW
        )
        kept = leader.kept.setdefault(scope, {})
        kept |= told
        second = now // SECOND * SECOND
        if not kept or second - max(kept) >= HOUR:
            kept[second] = score
        trend = compared(points, now, score, OBJECTIVE)
        then = reference(kept, now)
        assert trend is not None
        assert (trend.then.at, trend.then.score) == (then, kept[then])
        fell = Fraction(kept[then].passed - score.passed, 100)
        assert trend.drop == max(fell, 0)
        fields = trend_fields(trend, points, now, OBJECTIVE)
        written = PostureTargetStatus(**fields).to_api()
        status = read_status(PostureTargetStatus, {"status": written}, datetime_of(now))
        had, told = reference(told, now) if told else None, a_day(kept, now)
        assert {point.at: point.score for point in told_points(status)} == told
        assert status.trend is not None
        assert status.trend.from_ == datetime_of(then)
        assert had is None or had > now - WINDOW or then <= now - WINDOW, "what was known is forgotten"
    for replica in replicas:
        replica.hub.store.close()


async def test_points_are_kept_for_400_days_and_no_longer(tmp_path: Path) -> None:
    replica, now = Replica(tmp_path / "replica"), NOW
    for day in range(450):
        now = NOW + day * DAY
        replica.hub.clock = now
        await replica.history.follow(cast("Hub", replica.hub), "scope", (), now, Score(1, 2), WINDOW)
    days = sorted(int(key.rpartition("/")[2]) for key in replica.hub.store.states("trend/"))
    assert (days[0], days[-1]) == ((now - KEPT) // DAY, now // DAY)
    again = ScoreHistory("uid")
    points = await again.follow(cast("Hub", replica.hub), "scope", (), now, Score(1, 2), 10 * 365 * DAY)
    assert points[0].at // DAY == days[0]
    replica.hub.store.close()


async def test_while_the_store_is_not_open_what_is_known_is_compared_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    replica, score = Replica(tmp_path / "replica"), Score(1, 2)
    hub = cast("Hub", replica.hub)
    first = await replica.history.follow(hub, "scope", (), NOW, score, WINDOW)
    replica.hub.open, replica.hub.clock = False, NOW + 5 * HOUR
    replica.hub.status.term = 2
    assert await replica.history.follow(hub, "scope", (), NOW + 5 * HOUR, score, WINDOW) == first
    replica.hub.open = True
    points = await replica.history.follow(hub, "scope", (), NOW + 5 * HOUR, score, WINDOW)
    assert [point.at for point in points] == [NOW, NOW + 5 * HOUR]
    replica.hub.store.close()


async def test_points_that_are_yet_to_come_are_none(tmp_path: Path) -> None:
    """AWS's clock was found to have been ahead."""
    replica, score = Replica(tmp_path / "replica"), Score(1, 2)
    hub = cast("Hub", replica.hub)
    for at in (NOW, NOW + 9 * DAY):
        replica.hub.clock = at
        await replica.history.follow(hub, "scope", (), at, score, WINDOW)
    replica.hub.clock, replica.history = NOW + 2 * HOUR, ScoreHistory("uid")
    points = await replica.history.follow(hub, "scope", (), NOW + 2 * HOUR, score, WINDOW)
    assert [point.at for point in points] == [NOW, NOW + 2 * HOUR]
    replica.hub.store.close()


def fallen(passed: int, scored: int, *, max_drop: float) -> str:
    """What the condition says of a score that was 90 % a window ago."""
    status, trend = told(passed, scored, max_drop, Score(90, 100))
    objectives = target(max_drop=max_drop).spec.objectives
    after = with_objectives(status, objectives, datetime_of(NOW), trend=trend)
    (said,) = (each for each in after.conditions if each.type == "Declining")
    return f"{said.status.value}/{said.reason}"


def told(passed: int, scored: int, max_drop: float, then: Score) -> tuple[PostureTargetStatus, Any]:
    objective = target(max_drop=max_drop).spec.objectives.trend
    points = told_points(
        PostureTargetStatus.model_validate(
            {
                "trend": {
                    "window": "72h",
                    "maxDrop": 1,
                    "points": [
                        {"time": datetime_of(at).isoformat(), "passed": passed, "scored": scored}
                        for at, passed, scored in ((NOW - WINDOW - DAY, 1, 1), (NOW - WINDOW, *then))
                    ],
                }
            }
        )
    )
    trend = compared(points, NOW, Score(passed, scored), objective)
    return PostureTargetStatus(score_time=datetime_of(NOW)), trend


@pytest.mark.parametrize(
    ("passed", "scored", "max_drop", "said"),
    [
        (88, 100, 2, "False/WithinMaxDrop"),  # exactly as far as it may, which floating point calls further
        (879, 1000, 2, "True/ScoreFell"),
        (899, 1000, 0.1, "False/WithinMaxDrop"),
        (95, 100, 0, "False/WithinMaxDrop"),
        (899_999, 1_000_000, 0, "True/ScoreFell"),
    ],
)
def test_the_condition_is_exact(passed: int, scored: int, max_drop: float, said: str) -> None:
    assert fallen(passed, scored, max_drop=max_drop) == said


def test_without_a_score_the_condition_is_unknown_for_the_same_reason() -> None:
    conditions = set_condition((), "ScoreCurrent", ConditionStatus.FALSE, "Syncing", "", datetime.now(UTC), 1)
    after = with_objectives(
        PostureTargetStatus(conditions=conditions), target().spec.objectives, datetime.now(UTC)
    )
    assert [(each.type, each.reason) for each in after.conditions] == [
        ("ScoreCurrent", "Syncing"),
        ("Declining", "Syncing"),
    ]


async def test_a_score_that_the_status_tells_is_compared_with_what_it_tells() -> None:
    status, _ = told(80, 100, 1, Score(90, 100))
    status = status.model_copy(update=trend_fields(None, (), NOW, OBJECTIVE))
    points = [{"time": datetime_of(NOW - WINDOW), "passed": 9, "scored": 10}]
    assert status.trend is not None
    status = status.model_copy(update={"trend": {**status.trend.model_dump(), "points": points}})
    scores = RestoredScores("score_ratio", Score(80, 100), {}, {}, NOW)
    trend, fields = await trend_now(ScoreHistory("uid"), cast("Hub", None), target().spec, status, scores)
    assert trend is not None
    assert trend.drop == Fraction(1, 10)
    assert fields["trend"].drop == 10
    assert len(fields["trend"].points) == 1


@pytest.mark.parametrize(
    "forged", [{"passed": 11, "scored": 10}, {"passed": -1, "scored": 10}, {"passed": 0, "scored": 0}]
)
def test_points_that_are_no_scores_are_not_believed(forged: dict[str, int]) -> None:
    points = [{"time": "2026-11-22T06:00:00Z", **forged}]
    status = {"trend": {"window": "1h", "maxDrop": 1, "points": points}}
    assert told_points(PostureTargetStatus.model_validate(status)) == ()
