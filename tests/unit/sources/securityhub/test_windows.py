"""Windows: whatever is split, resumed, refused or out of order, nothing in the range goes unread."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.sources.securityhub.coverage import Coverage
from posture.sources.securityhub.readers import Found, PageReader
from posture.sources.securityhub.windows import (
    EPOCH,
    FUTURE,
    OVERLAP,
    Density,
    Query,
    UpdateWindow,
    edge,
    middle,
    query,
    window,
)
from tests.support.examples import examples, seeds
from tests.support.listing import Listing, Walk

SECOND = 1_000_000
DAY = 86_400 * SECOND


def found(times: Sequence[int]) -> list[Found]:
    """Findings of these times, each another one."""
    return [(time, ("arn", str(time))) for time in times]


def spread(draw: Random, count: int) -> list[int]:
    """Times as hubs have them: most of a day, clusters of one instant, some old, some ahead of the clock."""
    now = 1_795_000_000 * SECOND
    burst = now - draw.randrange(DAY)
    kinds = (
        lambda: now - draw.randrange(DAY),
        lambda: now - draw.randrange(90 * DAY),
        lambda: burst,
        lambda: burst + draw.randrange(2 * SECOND),
        lambda: now + draw.randrange(DAY),
        lambda: EPOCH,
        lambda: FUTURE,
    )
    weights = [draw.random() for _ in kinds]
    return [draw.choices(kinds, weights)[0]() for _ in range(count)]


@examples(150)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 400),
    chains=st.integers(1, 6),
    page=st.integers(1, 40),
    patience=st.integers(1, 3),
    refuse=st.sampled_from((0.0, 0.1)),
    crash=st.sampled_from((0.0, 0.1)),
)
def test_everything_is_read(
    seed: int, count: int, chains: int, page: int, patience: int, refuse: float, crash: float
) -> None:
    draw = Random(seed)
    listing = Listing(spread(draw, count), page)
    walk = Walk(listing, chains, draw, refuse, crash, patience).over(EPOCH, FUTURE)
    assert walk.seen == set(range(count))


@examples(60)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 1_000),
    chains=st.integers(1, 6),
    page=st.integers(20, 100),
    refuse=st.sampled_from((0.0, 0.1)),
)
def test_everything_is_read_where_the_sort_is_ignored(
    seed: int, count: int, chains: int, page: int, refuse: float
) -> None:
    draw = Random(seed)
    listing = Listing([draw.randrange(10 * DAY) for _ in range(count)], page, ordered=False)
    walk = Walk(listing, chains, draw, refuse).over(EPOCH, FUTURE)
    assert walk.seen == set(range(count))


@examples(150)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 400),
    chains=st.integers(1, 6),
    page=st.integers(5, 40),
    ordered=st.booleans(),
    refuse=st.sampled_from((0.0, 0.1)),
    crash=st.sampled_from((0.0, 0.1)),
)
def test_what_leaves_between_two_pages_lets_nothing_else_go_unread(
    seed: int, count: int, chains: int, page: int, refuse: float, crash: float, *, ordered: bool
) -> None:
    """Tokens are numbers of findings to pass over, and many findings are of one instant."""
    draw = Random(seed)
    listing = Listing(spread(draw, count), page, ordered, leave=0.3, leavers=6)
    walk = Walk(listing, chains, draw, refuse, crash).over(EPOCH, FUTURE)
    assert walk.seen | listing.gone == set(range(count))


def test_a_sort_that_is_ignored_shows_although_the_first_page_is_of_one_instant() -> None:
    """Newest first whatever is asked for: one reader agrees, the other's first page proves nothing."""
    times = [100 * DAY] * 100 + [100 * DAY - i * 60 * SECOND for i in range(900)]
    for seed in range(50):
        walk = Walk(Listing(times, ordered=False), 2, Random(seed)).over(EPOCH, FUTURE)
        assert walk.seen == set(range(1_000))


@examples(60)
@given(seed=st.integers(0, 2**32), chains=st.integers(1, 6))
def test_windows_stay_a_cover_of_the_range(seed: int, chains: int) -> None:
    """Between two pages: what is not read lies inside a window, and the windows lie end to end."""
    draw = Random(seed)
    listing = Listing(spread(draw, 300), 10)
    walk = Walk(listing, chains, draw, 0.05, 0.05).over(EPOCH, FUTURE)
    for windows in walk.windows_seen:
        for one in windows:
            assert one.start <= one.low
            assert one.high <= one.end
        ends = sorted((one.start, one.end) for one in windows)
        assert all(before[1] <= after[0] for before, after in pairwise(ends))


@pytest.mark.parametrize("chains", [2, 3, 6])
@seeds(5)
def test_reading_costs_little_more_than_its_pages(chains: int, seed: int) -> None:
    """2 % of the pages with two chains; more chains are for high latencies, and may cost two pages each.

    Each page begins with the last finding of the one before it.
    """
    draw = Random(seed)
    now = 1_795_000_000 * SECOND
    times = [now - draw.randrange(DAY) for _ in range(18_000)] + [
        now - draw.randrange(90 * DAY) for _ in range(2_000)
    ]
    listing = Listing(times)
    Walk(listing, chains, draw).over(EPOCH, FUTURE)
    assert listing.calls <= 20_000 / 99 + 2 + 3 * (chains - 2)


def test_six_chains_share_the_work() -> None:
    """In rounds of six answers, 200 pages take little more than 200 / 6 rounds, however skewed."""
    draw = Random(7)
    now = 1_795_000_000 * SECOND
    times = [now - draw.randrange(DAY) for _ in range(15_000)] + [
        now - draw.randrange(90 * DAY) for _ in range(5_000)
    ]
    listing = Listing(times)
    coverage, rounds, done = Coverage([window(EPOCH, FUTURE)]), 0, set[int]()
    readers: list[PageReader] = []
    while not coverage.done:
        rounds += 1
        readers = [reader for reader in readers if coverage.active(reader)]
        while len(readers) < 6 and (added := coverage.next_reader()):
            readers.append(added)
        for reader in readers:
            page, token = listing.read(reader)
            done.update(page)
            coverage.note_page(reader, listing.named(page), token)
    assert done == set(range(20_000))
    assert rounds <= 200 / 6 * 1.25 + 3


def test_progress_never_falls_and_ends_at_one() -> None:
    draw = Random(3)
    times = [100 * DAY + draw.randrange(DAY) for _ in range(5_000)]
    walk = Walk(Listing(times), 2, draw).over(EPOCH, FUTURE)
    assert walk.progress == sorted(walk.progress)
    assert walk.progress[-1] == 1.0
    assert 0.3 < walk.progress[len(walk.progress) // 2] < 0.7


def test_an_order_that_breaks_takes_back_what_was_concluded_from_it() -> None:
    """Both readers moved on, and then a page contradicts: all of the window is read again."""
    coverage = Coverage([window(0, 100 * SECOND)])
    upward = coverage.next_reader()
    assert upward is not None
    coverage.note_page(upward, found([1 * SECOND, 10 * SECOND]), "a")
    downward = coverage.next_reader()
    assert downward is not None
    coverage.note_page(downward, found([99 * SECOND, 60 * SECOND]), "b")
    assert coverage.windows() == (UpdateWindow(0, 100 * SECOND, 9 * SECOND, 61 * SECOND),)
    coverage.note_page(upward, found([10 * SECOND, 20 * SECOND, 3 * SECOND]), "c")
    at = (1 + 10 + 20 + 3) * SECOND // 4
    assert coverage.windows() == (
        UpdateWindow(0, at, 0, at, ordered=False),
        UpdateWindow(at, 100 * SECOND, at, 100 * SECOND, ordered=False),
    )
    assert not coverage.active(upward)
    assert not coverage.active(downward)
    first, second = coverage.next_reader(), coverage.next_reader()
    assert first is not None
    assert second is not None
    assert coverage.next_reader() is None, "one reader for each part, alone"
    coverage.note_page(first, found([7 * SECOND]), "d")
    assert not coverage.active(first), "what one page does not hold is cut again"
    coverage.note_page(second, found([70 * SECOND]), None)
    for times in ([5 * SECOND], [7 * SECOND]):
        part = coverage.next_reader()
        assert part is not None
        coverage.note_page(part, found(times), None)
    assert coverage.done


def test_a_refused_token_goes_on_from_the_proven_position() -> None:
    coverage = Coverage([window(0, 100 * SECOND)], patience=9)
    reader = coverage.next_reader()
    assert reader is not None
    coverage.note_page(reader, found([1 * SECOND, 50 * SECOND]), "a")
    coverage.refused(reader)
    again = coverage.next_reader()
    assert again is not None
    assert again.query == Query(50 * SECOND - 2 * OVERLAP, 101 * SECOND)
    assert again.token is None


def test_a_page_that_others_follow_leaves_less_to_read_without_order() -> None:
    coverage = Coverage([UpdateWindow(0, 100 * SECOND, 0, 100 * SECOND, ordered=False)])
    reader = coverage.next_reader()
    assert reader is not None
    coverage.note_page(reader, found([50 * SECOND, 30 * SECOND]), "a")
    assert [(part.start, part.end) for part in coverage.windows()] == [
        (0, 40 * SECOND),
        (40 * SECOND, 100 * SECOND),
    ]


def test_small_listing_costs_one_call() -> None:
    coverage = Coverage([window(EPOCH, FUTURE)])
    reader = coverage.next_reader()
    assert reader is not None
    assert coverage.next_reader() is None, "a second reader waits for what the first page says"
    coverage.note_page(reader, found([5, 6]), None)
    assert coverage.done


def test_edge_allows_the_overlap_and_no_more() -> None:
    assert edge([5 * SECOND, 4 * SECOND], ascending=True, before=None) == 5 * SECOND
    assert edge([5 * SECOND, 4 * SECOND - 1], ascending=True, before=None) is None
    assert edge([5 * SECOND], ascending=True, before=7 * SECOND) is None
    assert edge([5 * SECOND, 6 * SECOND], ascending=False, before=None) == 5 * SECOND
    assert edge([5 * SECOND, 6 * SECOND + 1], ascending=False, before=None) is None
    assert edge([], ascending=True, before=3) == 3


def test_middle_leans_to_where_the_findings_are() -> None:
    unread = window(0, 1_000_000)
    even = Density(100, 1_000_000)
    assert middle(unread, even, even) == 500_000
    assert 700_000 < middle(unread, Density(1, 1_000_000), Density(100, 10_000)) < 710_000
    assert 290_000 < middle(unread, Density(100, 10_000), Density(1, 1_000_000)) < 300_000


def test_a_query_reaches_a_second_beyond_what_is_unread_but_not_beyond_time() -> None:
    assert query(window(EPOCH, FUTURE)) == Query(EPOCH, FUTURE)
    assert query(UpdateWindow(0, 90 * SECOND, 30 * SECOND, 60 * SECOND)) == Query(29 * SECOND, 61 * SECOND)
