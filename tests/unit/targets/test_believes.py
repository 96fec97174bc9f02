"""What a target's status tells is shown again under its own time, and never taken for what is."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.api.resource import parse, read_status
from posture.api.targets.kind import PostureTarget, ScoringMethod
from posture.api.targets.status import PostureTargetStatus
from posture.domain.findings import Compliance
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.hubs.status import HubStatus
from posture.kube.resources import Object
from posture.reconcile.access import Admitted
from posture.targets.status import believed, restored, scope_digest, without_scores
from tests.support.hub_facts import ACCOUNT
from tests.support.running_target import KEY, MINUTE, TARGET, Cluster, Running, SkewedHub
from tests.support.target_status import OUTCOMES, evaluation, status_of

SCOPE = scope_digest(Admitted(parse(PostureTarget, TARGET), KEY, ("*",)))
STANDARD = "s/v/1"
OFF = TurnedOff(STANDARD, "S3.1", ACCOUNT, "eu-west-1")


def text_of(ahead: float) -> str:
    """A moment so many seconds from now."""
    return f"{datetime.fromtimestamp(time.time() + ahead, UTC):%Y-%m-%dT%H:%M:%SZ}"


def forged(ahead: float, **changes: Any) -> Object:
    """A status as somebody may write it who knows how one looks."""
    return {
        "scopeDigest": SCOPE,
        "score": 0,
        "passed": 0,
        "scored": 9,
        "scoreTime": text_of(ahead),
        "standards": [{"standard": STANDARD, "score": 0, "passed": 0, "scored": 9}],
        "conditions": [
            {
                "type": "ScoreCurrent",
                "status": "True",
                "reason": "Exact",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
        **changes,
    }


class Forged(Cluster):
    """An API server that has such a status, and remembers what it was told then."""

    def __init__(self, status: Object) -> None:
        super().__init__()
        self.status = status


class Blind(SkewedHub):
    """A hub that cannot be read: nothing is known of it."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        self.status = HubStatus(term=1)


def scores(running: Running) -> dict[str, float]:
    page = running.exposition.page().plain.decode()
    samples = (line.rpartition(" ") for line in page.splitlines() if line.startswith("posture_target_score"))
    return {name.partition("{")[0]: float(value) for name, _, value in samples}


@pytest.mark.parametrize("ahead", [-300, -1, 3, 60, 10**9])
async def test_an_evaluation_after_a_poll_wins_whatever_the_status_says(ahead: float) -> None:
    hub = SkewedHub(0, MINUTE, polled=True)
    async with Running(hub, Forged(forged(ahead))) as running:
        await running.cluster.told()
        assert running.cluster.status["score"] == 100
        assert running.cluster.status["scoreTime"] <= text_of(-59)
        await running.cluster.says("Exact")
        assert scores(running)["posture_target_score_ratio"] == 1.0


@pytest.mark.parametrize(("ahead", "shown"), [(-300, 1.0), (-30, 0.0), (60, 1.0), (10**9, 1.0)])
async def test_before_a_poll_the_newer_one_is_shown_and_only_ones_own_is_current(
    ahead: float, shown: float
) -> None:
    """A new holder's store may be behind what its predecessor told."""
    async with Running(SkewedHub(0, MINUTE), Forged(forged(ahead))) as running:
        await running.cluster.told()
        await running.cluster.says("Exact" if shown else "Syncing")
        assert scores(running)["posture_target_score_ratio"] == shown
        assert running.cluster.status["score"] == 100 * shown


@pytest.mark.parametrize("ahead", [-86_400, -1])
async def test_one_that_cannot_read_security_hub_shows_it_under_its_own_time(ahead: float) -> None:
    status = forged(ahead)
    async with Running(Blind(), Forged(status)) as running:
        await running.cluster.says("Syncing")
        assert running.cluster.status["score"] == 0
        assert running.cluster.status["scoreTime"] == status["scoreTime"]
        assert scores(running)["posture_target_score_ratio"] == 0.0


@pytest.mark.parametrize(
    "status",
    [
        forged(3600),
        forged(10**9),
        forged(-60, scoreTime="0000-01-01T00:00:00Z"),
        forged(-60, scoreTime=None),
        forged(-60, scopeDigest="of another scope"),
        forged(-60, score=100),
        forged(-60, passed=10),
        forged(-60, passed=-1),
        forged(-60, scored=0),
        forged(-60, passed=None),
    ],
)
async def test_what_no_evaluation_has_written_is_not_shown_at_all(status: Object) -> None:
    async with Running(Blind(), Forged(status)) as running:
        await running.cluster.says("Syncing")
        assert not {"score", "scored", "scoreTime", "scopeDigest"} & running.cluster.status.keys()
        assert running.cluster.status["standards"] == []
        assert scores(running) == {}


async def test_nothing_is_scored_before_it_is_known_what_policies_turned_off() -> None:
    hub = SkewedHub(0, MINUTE, polled=True)
    hub.status = replace(hub.status, turned_off=None)
    async with Running(hub, Forged(forged(-60))) as running:
        await running.cluster.says("Syncing")
        assert running.cluster.status["score"] == 0
        hub.status = replace(hub.status, turned_off={})
        running.target.wake()
        await running.cluster.says("Exact")
        assert running.cluster.status["score"] == 100
        hub.status = replace(hub.status, turned_off={OFF: ControlStatus.FAILED})
        running.target.wake()
        await running.cluster.says("NoData")
        assert "score" not in running.cluster.status


async def test_what_was_found_out_in_an_earlier_term_is_not_better_than_what_another_has_told() -> None:
    hub = SkewedHub(0, MINUTE, polled=True)
    async with Running(hub) as running:
        await running.cluster.says("Exact")
        # Paused, it lost the Lease and has it again; another replica was faster meanwhile.
        hub.status = HubStatus(term=hub.status.term + 1, facts=hub.status.facts, turned_off={})
        running.cluster.status = forged(-1)
        running.target.update({**TARGET, "status": forged(-1)}, *running.declared)
        running.target.wake()
        await running.cluster.says("Syncing")
        assert running.cluster.status["score"] == 0
        hub.poll()
        running.target.wake()
        await running.cluster.says("Exact")
        assert running.cluster.status["score"] == 100


@given(OUTCOMES, st.sampled_from(ScoringMethod))
def test_what_an_evaluation_has_written_is_believed_whole(
    outcomes: list[list[Compliance]], method: ScoringMethod
) -> None:
    written = status_of(evaluation(outcomes), method).model_copy(update={"scope_digest": SCOPE})
    read = read_status(PostureTargetStatus, {"status": written.to_api()})
    assert believed(read, SCOPE) == read == written
    assert believed(read, "another") == without_scores(read)
    assert restored(believed(read, "another"), method) is None


def test_of_a_list_only_what_adds_up_is_believed() -> None:
    good = {"standard": "a/v/1", "score": 50, "passed": 1, "scored": 2}
    bad = {"standard": "b/v/1", "score": 100, "passed": 1, "scored": 2}
    status = forged(-60, standards=[good, bad], workloads=[{"workload": "w", "environment": "e", **bad}])
    known = believed(read_status(PostureTargetStatus, {"status": status}), SCOPE)
    assert [each.standard for each in known.standards] == ["a/v/1"]
    assert known.workloads == ()


async def test_moments_of_the_hub_that_are_to_come_are_not_told_on() -> None:
    sync = {"lastSuccessTime": text_of(3600), "lastFullTime": text_of(-3600), "findings": 5}
    async with Running(Blind(), Forged(forged(-60, sync=sync))) as running:
        await running.cluster.says("Syncing")
        told = running.cluster.status["sync"]
        assert "lastSuccessTime" not in told
        assert (told["lastFullTime"], told["findings"]) == (sync["lastFullTime"], 5)
