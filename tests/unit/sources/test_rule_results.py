"""What rules came to is stored, and read again as it was; what is not whole is not believed."""

from collections.abc import Mapping

import msgspec
import pytest

from posture.domain.results.gathering import ResultGathering
from posture.domain.results.picture import ResultsAsked, ResultsPicture, SourceState
from posture.domain.results.rows import PackResult, Place, RuleResult, RuleVerdict
from posture.sources.rule_results import RuleResults

PLACES = [Place(account, region) for account in ("111122223333", "444455556666") for region in ("a-1", "b-1")]
ASKED = ResultsAsked(frozenset({"baseline"}), frozenset({"mine"}))


class Kept:
    """A store's state, in memory."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def put_state(self, state: Mapping[str, str | None]) -> None:
        for key, text in state.items():
            if text is None:
                del self.texts[key]
            else:
                self.texts[key] = text

    def state(self, key: str) -> str | None:
        return self.texts.get(key)

    def states(self, prefix: str = "") -> dict[str, str]:
        return {key: text for key, text in self.texts.items() if key.startswith(prefix)}


def picture_of(places: list[Place], verdict: RuleVerdict = RuleVerdict.FAILED) -> ResultsPicture:
    gathering = ResultGathering(ASKED)
    for place in places:
        gathering.add_pack(PackResult("baseline", place, 0, 1, 2))
        gathering.add_rule(RuleResult("s3-conformance-pack-a1", place, RuleVerdict.FAILED, 3))
        gathering.add_rule(RuleResult("mine", place, verdict))
    return gathering.picture({}, [SourceState("111122223333", "a-1", succeeded=False)], ())


def settled(picture: ResultsPicture, kept: Kept, results: RuleResults) -> int:
    """Stage and store a picture; return how many texts were written."""
    results.stage(picture)
    _, texts = results.settle()
    kept.put_state(texts)
    return len(texts)


def test_what_is_stored_is_read_as_it_was() -> None:
    kept, results, again = Kept(), RuleResults(), RuleResults()
    settled(picture_of(PLACES), kept, results)
    assert again.load(kept)
    assert again.picture == results.picture
    assert list(again.cells()) == list(results.cells())
    assert len(list(again.cells())) == 8


def test_of_what_has_not_changed_nothing_is_written() -> None:
    kept, results = Kept(), RuleResults()
    assert settled(picture_of(PLACES), kept, results) == 3
    assert settled(picture_of(PLACES), kept, results) == 0
    one = picture_of(PLACES)
    cells = {**one.cells, "444455556666": {**one.cells["444455556666"], "b-1": b"00"}}
    assert settled(one._replace(cells=cells), kept, results) == 1
    again = RuleResults()
    assert again.load(kept)
    assert again.picture == results.picture


def test_an_account_that_is_gone_is_forgotten() -> None:
    kept, results = Kept(), RuleResults()
    settled(picture_of(PLACES), kept, results)
    settled(picture_of(PLACES[:2]), kept, results)
    assert not any(key.endswith("444455556666") for key in kept.texts)


@pytest.mark.parametrize("change", ["shorter", "other", "missing", "no json"])
def test_what_is_not_whole_is_not_believed(change: str) -> None:
    kept, results = Kept(), RuleResults()
    settled(picture_of(PLACES), kept, results)
    key = next(key for key in kept.texts if key.endswith("444455556666"))
    if change == "missing":
        del kept.texts[key]
    else:
        row = {"shorter": {"a-1": "3"}, "other": ["33"]}.get(change)
        kept.texts[key] = "{" if row is None else msgspec.json.encode(row).decode()
    again = RuleResults()
    assert not again.load(kept)
    assert again.picture is None
