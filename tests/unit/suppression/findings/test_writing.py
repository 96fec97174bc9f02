"""Calls to Security Hub: what is in one, what stops them, and what becomes of what is refused."""

from collections.abc import Sequence
from typing import Any

import pytest

from posture.aws.client.errors import AccessDenied, InvalidRequest
from posture.aws.securityhub.client import FindingsUpdate, NoteUpdate, UnprocessedFinding
from posture.domain.exceptions.finding_plan import FindingAct, FindingChange, Write
from posture.domain.findings import FindingId, Workflow
from posture.reconcile.hub_reconciler import CALL_WITHIN
from posture.suppression.findings import writer as writing
from posture.suppression.findings.writer import FindingsWriter, Taken

SUPPRESS = FindingChange(Workflow.SUPPRESSED, "why", (("posture.dev/owner", "me"),))
UNMARK = FindingChange(None, None, (("posture.dev/owner", ""), ("team", "x")))


def write(number: int, change: FindingChange = SUPPRESS) -> Write:
    return Write(FindingId("arn", str(number)), "1", FindingAct.SUPPRESS, "ns/p", change)


class Cloud:
    """A Security Hub that answers by script: each code is given once per finding in `refusals`."""

    def __init__(self, *, refuses_blanks: bool = False, **refusals: list[str]) -> None:
        self.calls: list[dict[str, Any]] = []
        self.refusals = refusals
        self.refuses_blanks = refuses_blanks

    async def batch_update_findings(
        self,
        findings: Sequence[FindingId],
        *,
        workflow: Workflow | None = None,
        note: NoteUpdate | None = None,
        user_fields: dict[str, str] | None = None,
        within: float | None = None,
    ) -> FindingsUpdate:
        if self.refuses_blanks and "" in (user_fields or {}).values():
            raise InvalidRequest("empty", service="s", operation="o", code="InvalidInputException")
        self.calls.append(
            {"n": len(findings), "workflow": workflow, "note": note, "fields": user_fields, "within": within}
        )
        unprocessed = [
            UnprocessedFinding(each, self.refusals[f"f{each.id}"].pop(0), "so")
            for each in findings
            if self.refusals.get(f"f{each.id}")
        ]
        refused = {each.finding for each in unprocessed}
        return FindingsUpdate(tuple(e for e in findings if e not in refused), tuple(unprocessed), 7)


class Sink:
    def __init__(self) -> None:
        self.taken: list[Taken] = []

    async def __call__(self, taken: Taken) -> None:
        self.taken.append(taken)

    @property
    def ids(self) -> list[str]:
        return [each.finding.id for taken in self.taken for each in taken.writes]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_FIRST_PAUSE", 0.0)


async def test_equal_changes_go_together_up_to_a_hundred() -> None:
    cloud, sink = Cloud(), Sink()
    writes = [*(write(n) for n in range(150)), write(200, UNMARK)]
    report = await FindingsWriter(cloud, lambda: 99.0).write(writes, sink)
    assert [call["n"] for call in cloud.calls] == [100, 50, 1]
    assert cloud.calls[0]["note"] == NoteUpdate("why", "posture-operator")
    assert (cloud.calls[2]["workflow"], cloud.calls[2]["note"]) == (None, None)
    assert {call["within"] for call in cloud.calls} == {CALL_WITHIN}
    assert (len(sink.ids), report.unsent, report.error) == (151, 0, None)


async def test_a_note_is_given_back_as_whose_it_was() -> None:
    cloud = Cloud()
    back = UNMARK._replace(note="theirs", note_by="jira")
    await FindingsWriter(cloud, lambda: 99.0).write([write(1, back)], Sink())
    assert cloud.calls[0]["note"] == NoteUpdate("theirs", "jira")


async def test_nothing_is_begun_once_it_may_not() -> None:
    cloud, sink = Cloud(), Sink()
    left = iter([5.0, 0.0])
    report = await FindingsWriter(cloud, lambda: next(left)).write([write(n) for n in range(250)], sink)
    assert [(call["n"], call["within"]) for call in cloud.calls] == [(100, 5.0)]
    assert (len(sink.ids), report.unsent) == (100, 150)


async def test_what_passes_is_written_again_and_what_does_not_is_told() -> None:
    cloud = Cloud(
        f1=["ConcurrentUpdateError", "InternalFailure"],
        f2=["FindingNotFound"],
        f3=["InvalidInput"],
        f4=["ConcurrentUpdateError"] * 9,
    )
    sink = Sink()
    report = await FindingsWriter(cloud, lambda: 99.0).write([write(n) for n in range(5)], sink)
    assert sink.ids == ["0", "1"]
    assert [each.write.finding.id for each in report.missing] == ["2"]
    assert [(each.write.finding.id, each.code) for each in report.refused] == [("3", "InvalidInput")]
    assert [each.write.finding.id for each in report.again] == ["4"]
    assert [call["n"] for call in cloud.calls] == [5, 2, 2, 1]


async def test_a_hub_that_takes_no_empty_value_is_told_in_words_and_remembered() -> None:
    cloud, sink = Cloud(refuses_blanks=True), Sink()
    writer = FindingsWriter(cloud, lambda: 99.0)
    await writer.write([write(1, UNMARK)], sink)
    await writer.write([write(2, UNMARK)], sink)
    spelled = {"posture.dev/owner": "-", "team": "x"}
    assert [call["fields"] for call in cloud.calls] == [spelled, spelled]
    assert [taken.fields for taken in sink.taken] == [spelled, spelled]


async def test_an_error_of_aws_ends_the_writing_and_is_told() -> None:
    class Denied(Cloud):
        async def batch_update_findings(self, *_: Any, **__: Any) -> FindingsUpdate:
            raise AccessDenied("no", service="securityhub", operation="o", code="AccessDenied")

    sink = Sink()
    report = await FindingsWriter(Denied(), lambda: 99.0).write([write(n) for n in range(150)], sink)
    assert isinstance(report.error, AccessDenied)
    assert (report.unsent, sink.taken) == (150, [])
    assert [each.write.finding.id for each in report.failed] == [f"{n}" for n in range(100)]
    assert {(each.code, each.message) for each in report.failed} == {("AccessDenied", "no")}


async def test_a_call_that_is_refused_for_what_it_says_holds_up_no_other() -> None:
    class Picky(Cloud):
        async def batch_update_findings(self, findings: Sequence[FindingId], **given: Any) -> FindingsUpdate:
            if given["workflow"] is None:
                raise InvalidRequest("not so", service="s", operation="o", code="InvalidInputException")
            return await super().batch_update_findings(findings, **given)

    sink = Sink()
    writes = [write(1, UNMARK), write(2, UNMARK), write(3)]
    report = await FindingsWriter(Picky(), lambda: 99.0).write(writes, sink)
    assert sink.ids == ["3"]
    assert (report.error, report.unsent) == (None, 0)
    assert [(each.write.finding.id, each.code) for each in report.refused] == [
        ("1", "InvalidInputException"),
        ("2", "InvalidInputException"),
    ]


async def test_what_was_not_asked_for_is_no_answer() -> None:
    class Confused(Cloud):
        async def batch_update_findings(self, findings: Sequence[FindingId], **given: Any) -> FindingsUpdate:
            answer = await super().batch_update_findings(findings, **given)
            other = UnprocessedFinding(FindingId("arn:other", "x"), "InvalidInput", "who?")
            return answer._replace(unprocessed=(other,))

    sink = Sink()
    report = await FindingsWriter(Confused(), lambda: 99.0).write([write(1), write(2)], sink)
    assert sink.ids == ["1", "2"]
    assert not report.refused


async def test_what_is_written_again_in_words_asks_again_before_it_is_sent() -> None:
    cloud, sink = Cloud(refuses_blanks=True), Sink()
    left = iter([9.0, 4.0])
    await FindingsWriter(cloud, lambda: next(left)).write([write(1, UNMARK)], sink)
    assert [call["within"] for call in cloud.calls] == [4.0]


async def test_what_is_to_be_written_again_in_words_is_not_sent_when_the_lease_has_ended() -> None:
    cloud, sink = Cloud(refuses_blanks=True), Sink()
    left = iter([9.0, 0.0])
    report = await FindingsWriter(cloud, lambda: next(left)).write([write(1, UNMARK)], sink)
    assert (cloud.calls, sink.ids, report.unsent) == ([], [], 1)
