"""What a scrape sees of a target while it is being published: scores and their time belong together."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from posture.domain.scoring.scores import Score
from posture.publish.prometheus.exposition import Exposition
from posture.publish.prometheus.sink import PrometheusSink
from posture.publish.reports import RestoredScores, TargetReport


def restored(passed: int, exact_at: int) -> RestoredScores:
    return RestoredScores("score_ratio", Score(passed, 10), {}, {}, exact_at * 1_000_000)


def told(scores: RestoredScores | None) -> TargetReport:
    return TargetReport("security", "organization", {}, None, scores, per_control=False)


def scraped(exposition: Exposition) -> tuple[float | None, float | None]:
    """The score and its time."""
    families = text_string_to_metric_families(exposition.page().plain.decode())
    values = {sample.name: sample.value for family in families for sample in family.samples}
    return values.get("posture_target_score_ratio"), values.get("posture_score_timestamp_seconds")


@pytest.fixture
def exposition() -> Exposition:
    return Exposition()


@pytest.fixture
def seen(exposition: Exposition, monkeypatch: pytest.MonkeyPatch) -> list[tuple[float | None, float | None]]:
    """What scrapes see whenever the one who publishes waits for something."""
    pages: list[tuple[float | None, float | None]] = []

    async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
        pages.append(scraped(exposition))
        await asyncio.sleep(0)
        result = function(*arguments)
        pages.append(scraped(exposition))
        return result

    monkeypatch.setattr("posture.publish.prometheus.sink.asyncio.to_thread", in_thread)
    return pages


async def test_no_scrape_sees_a_score_beside_the_time_of_another(
    exposition: Exposition, seen: list[tuple[float | None, float | None]]
) -> None:
    page = PrometheusSink(exposition)
    for scores in (restored(5, 100), restored(7, 200), None, restored(8, 300)):
        await page.show_target("uid", told(scores), lambda: True)
        seen.append(scraped(exposition))
    assert set(seen) == {(None, None), (0.5, 100), (0.7, 200), (0.8, 300)}


async def test_the_time_moves_on_though_the_numbers_stay(exposition: Exposition) -> None:
    page = PrometheusSink(exposition)
    scores = restored(5, 100)
    await page.show_target("uid", told(scores), lambda: True)
    await page.show_target("uid", told(scores._replace(exact_at=200_000_000)), lambda: True)
    assert scraped(exposition) == (0.5, 200)
    page.withdraw_target("uid")
    assert scraped(exposition) == (None, None)
    await page.show_target("uid", told(scores), lambda: True)
    assert scraped(exposition) == (0.5, 100)


async def test_scores_that_a_scrape_withdrew_come_back_with_their_time(exposition: Exposition) -> None:
    """A Lease that is lost and held again before the target has noticed; its numbers are the same."""
    page, scores, held = PrometheusSink(exposition), restored(5, 100), [True]
    await page.show_target("uid", told(scores), lambda: held[-1])
    held.append(False)
    assert scraped(exposition) == (None, None)
    held.append(True)
    await page.show_target("uid", told(scores), lambda: held[-1])
    assert scraped(exposition) == (0.5, 100)


async def test_the_same_scores_are_valid_by_what_was_said_last(exposition: Exposition) -> None:
    """A hub that was begun anew: the one before says no from now on."""
    page, scores, before = PrometheusSink(exposition), restored(5, 100), [True]
    await page.show_target("uid", told(scores), lambda: before[-1])
    await page.show_target("uid", told(scores), lambda: True)
    before.append(False)
    assert scraped(exposition) == (0.5, 100)
