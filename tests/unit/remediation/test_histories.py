"""What is asked of GetFindingHistory, how often, and what becomes of answers that do not come."""

import asyncio

import pytest

from posture.aws.client.errors import AccessDenied, AwsError
from posture.aws.securityhub.history import FindingHistory
from posture.domain.findings import FindingId
from posture.domain.remediation.history import HistoryRecord
from posture.domain.time import DAY
from posture.remediation.histories import MOST_AT_ONCE, Histories, Questionable

NOW = 1_000 * DAY


def finding(number: int) -> Questionable:
    return Questionable(FindingId("arn:product", f"finding/{number:03}"), NOW - 200 * DAY)


class Source:
    """Histories on paper: nothing has happened, but for what is `told`; `error`: of every call."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.abreast = self.most_abreast = 0
        self.error: AwsError | Exception | None = None
        self.told: dict[str, tuple[HistoryRecord, ...] | None] = {}

    def now(self) -> int:
        return NOW

    async def finding_history(self, finding: FindingId, begin: int) -> FindingHistory | None:
        self.asked.append(finding.id)
        self.abreast += 1
        self.most_abreast = max(self.most_abreast, self.abreast)
        await asyncio.sleep(0)
        self.abreast -= 1
        if self.error is not None:
            raise self.error
        told = self.told.get(finding.id, ())
        return None if told is None else FindingHistory(told, begin, NOW)


def denied() -> AwsError:
    return AccessDenied(
        "may not", operation="GetFindingHistory", service="securityhub", code="AccessDeniedException"
    )


async def test_each_is_asked_once_as_long_as_the_hub_is_watched() -> None:
    source = Source()
    histories = Histories(source)
    many = [finding(n) for n in range(3)]
    assert await histories.ask([*many, *many], watched=5)
    assert sorted(source.asked) == [each.finding.id for each in many]
    assert source.most_abreast > 1
    assert not await histories.ask(many, watched=5)
    assert len(source.asked) == 3
    answers = histories.answers
    assert (answers.watched, set(answers.told)) == (5, {each.finding for each in many})
    assert await histories.ask(many, watched=6)
    assert len(source.asked) == 6, "nobody has watched in between"


async def test_of_very_many_the_first_are_asked_first() -> None:
    source = Source()
    histories = Histories(source)
    many = [finding(n) for n in range(MOST_AT_ONCE + 7)]
    assert await histories.ask(many, watched=5)
    assert sorted(source.asked) == [each.finding.id for each in many[:MOST_AT_ONCE]]
    assert await histories.ask(many, watched=5)
    assert len(source.asked) == len(many)


async def test_after_a_refusal_it_is_not_asked_again_at_once_and_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source()
    source.error = denied()
    histories = Histories(source)
    now = 100.0
    monkeypatch.setattr("posture.remediation.histories.steady", lambda: now)
    for _ in range(3):
        assert not await histories.ask([finding(n) for n in range(50)], watched=5)
    calls = len(source.asked)
    assert calls <= 5, "each that was under way"
    now += 301.0
    assert not await histories.ask([finding(1)], watched=5)
    assert len(source.asked) > calls
    assert len([each for each in caplog.records if "cannot be read" in each.message]) == 1
    source.error = None
    now += 301.0
    assert await histories.ask([finding(1)], watched=5)


async def test_a_history_that_is_not_whole_is_no_answer() -> None:
    source = Source()
    source.told = {finding(1).finding.id: None}
    histories = Histories(source)
    young = Questionable(finding(2).finding, NOW - DAY)
    assert not await histories.ask([finding(1), young], watched=5)
    assert not await histories.ask([finding(1), young], watched=5)
    assert (len(source.asked), histories.answers.told) == (2, {})


async def test_a_defect_is_not_hidden() -> None:
    source = Source()
    source.error = ZeroDivisionError("a defect")
    with pytest.raises(ZeroDivisionError):
        await Histories(source).ask([finding(1)], watched=5)
