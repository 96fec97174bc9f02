"""Demands together, tickets, keys, and when polls reach how far back."""

import asyncio
from datetime import timedelta

import pytest

from posture.domain.objectives.failed import ResolveLimits
from posture.domain.time import DAY, HOUR, MINUTE
from posture.hubs.demand import MAX_LIMITS, Demand, HubKey, Requests, Wanted, together
from posture.sources.failed_cache import FailedLimits
from posture.sources.securityhub.context import Bounds
from posture.sources.securityhub.sync import overlap, remembered_changes

SECOND = 1_000_000


def demand(interval: int = 300, full: int = 86_400, products: tuple[str, ...] = ("Security Hub",)) -> Demand:
    hours = timedelta(hours=30)
    return Demand(timedelta(seconds=interval), timedelta(seconds=full), frozenset(products), hours)


def test_the_shortest_intervals_and_all_products_count() -> None:
    asked = [demand(600, 90_000), demand(300, 3_600_000, ("Security Hub CSPM", "GuardDuty"))]
    assert together(asked) == Wanted(
        300 * SECOND,
        90_000 * SECOND,
        frozenset({"Security Hub", "GuardDuty"}),
        frozenset({30 * HOUR}),
    )
    assert together([]) is None


def test_a_hub_counts_by_so_many_limits_and_by_those_of_the_first() -> None:
    followed = [FailedLimits(30 * HOUR, ResolveLimits(high=n)) for n in range(MAX_LIMITS + 3)]
    asked = [demand()._replace(failed=each) for each in (*followed[:2], *followed)]
    wanted = together([demand(), *asked])
    assert wanted is not None
    assert wanted.failed == set(followed[:MAX_LIMITS])


def test_hubs_differ_by_role_external_id_and_region_and_their_names_show_none() -> None:
    role = "arn:aws:iam::111122223333:role/posture-reader"
    keys = [
        HubKey(None, None, "eu-west-1"),
        HubKey(role, None, "eu-west-1"),
        HubKey(role, "x", "eu-west-1"),
        HubKey(role, "x", "eu-west-2"),
    ]
    names = {key.name for key in keys}
    assert len(names) == 4
    assert names == {HubKey(*key).name for key in keys}
    assert all(name.startswith("posture-hub-") and len(name) <= 63 for name in names)
    assert not any("posture-reader" in name for name in names)


async def test_a_run_answers_the_requests_made_before_it_began() -> None:
    requests = Requests()
    early = requests.request()
    run = requests.begun()
    late = requests.request()
    requests.ended(run)
    assert requests.has_run(early)
    assert not requests.has_run(late)
    async with asyncio.timeout(1):
        await requests.woken()
    requests.ended(requests.begun())
    assert requests.has_run(late)


def test_only_thorough_requests_ask_for_a_discovery() -> None:
    requests = Requests()
    first = requests.request()
    requests.request(thorough=False)
    assert requests.thorough == first


async def test_the_same_demands_again_wake_nobody() -> None:
    requests = Requests()
    requests.ask([demand()])
    requests.begun()
    requests.ask([demand()])
    await requests.woken(0.01)
    assert not requests._wake.is_set()
    requests.ask([demand(products=("Security Hub", "GuardDuty"))])
    assert requests._wake.is_set()


def test_a_window_that_no_demand_names_is_kept_while_it_is_asked_for() -> None:
    requests = Requests()
    requests.ask([demand()])
    requests.ask_window(HOUR)
    assert requests.windows() == {30 * HOUR, HOUR}
    assert requests.windows() == {30 * HOUR}


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        ([], 15 * MINUTE),
        ([(0, 5 * MINUTE)], 15 * MINUTE),
        ([(0, 10 * MINUTE)], 20 * MINUTE),
        ([(0, 10 * MINUTE), (1, 12 * MINUTE)], 24 * MINUTE),
        ([(0, 3 * HOUR)], HOUR),
        ([(-DAY, 10 * MINUTE)], 15 * MINUTE),
    ],
)
def test_the_overlap_is_twice_what_came_late_within_a_day(late: list[tuple[int, int]], expected: int) -> None:
    assert overlap(late, 0, Bounds()) == expected


def test_only_late_arrivals_that_matter_are_remembered() -> None:
    bounds = Bounds()
    assert remembered_changes([], 5, 7 * MINUTE, bounds) == []
    assert remembered_changes([], 5, 8 * MINUTE, bounds) == [(5, 8 * MINUTE)]
    assert remembered_changes([(1, 8 * MINUTE)], 5, 9 * MINUTE, bounds) == [(5, 9 * MINUTE)]
    assert remembered_changes([(1, 9 * MINUTE)], 5, 8 * MINUTE, bounds) == [(1, 9 * MINUTE), (5, 8 * MINUTE)]
    assert remembered_changes([(1, 9 * MINUTE)], 5, 0, bounds) == [(1, 9 * MINUTE)]
    assert remembered_changes([(1, 9 * MINUTE)], DAY + 2, 0, bounds) == []


def test_the_name_of_a_hub_of_security_hub_is_what_it_always_was() -> None:
    """Stores and Leases of versions before are found by it."""
    key = HubKey("arn:aws:iam::111122223333:role/reader", "x", "eu-west-1")
    assert key.name == "posture-hub-d08f3c4c2af31851"
