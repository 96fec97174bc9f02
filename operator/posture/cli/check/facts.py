"""Facts about AWS that no documentation settles, judged by what a Security Hub answered. Pure.

Each is confirmed, refuted or unknown. The product is right either way; a refuted fact is one that its
documentation has wrong, and that its authors want to hear of.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from posture.aws.client.errors import AwsError, InvalidRequest, TokenRefused
from posture.cli.check.result import Judgement, ok, optional_call_failed, unknown, warning
from posture.cli.check.setup import Answer
from posture.domain.text import counted
from posture.domain.time import MINUTE, SECOND, instant_of, parse_timestamp

_REPORT = "report this to the project: its documentation says otherwise; scores stay exact"
_SEVERAL, _AT_ONCE = 3, 5 * SECOND
OVERLAP = 15 * MINUTE
"""How far (µs) change polls reach back at the least: what is dated later than that is noticed by them."""


def fact_confirmed(says: str) -> Judgement:
    """Say that a fact holds here."""
    return ok(f"confirmed: {says}")


def refuted(says: str) -> Judgement:
    """Say that a fact does not hold here."""
    return warning(f"refuted: {says}", _REPORT)


def judge_refusal(answer: Answer, fact: str) -> Judgement:
    """Judge that Security Hub refuses something, by whether it did."""
    if isinstance(answer, InvalidRequest | TokenRefused):
        return fact_confirmed(fact)
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    return refuted(f"it was answered, where {fact}")


def judge_sorting(ascending: Answer, descending: Answer) -> Judgement:
    """Judge whether pages are in the order of UpdatedAt that was asked for."""
    for answer in (ascending, descending):
        if isinstance(answer, AwsError):
            return optional_call_failed(answer)
    up, down = _times(ascending), _times(descending)
    if len({*up, *down}) < 2:  # noqa: PLR2004 - what an order is made of
        return unknown("sorting by UpdatedAt shows only where findings were updated at different times")
    says = "GetFindings sorts by UpdatedAt, both ways"
    if all(a <= b for a, b in pairwise(up)) and all(a >= b for a, b in pairwise(down)):
        return fact_confirmed(says)
    return refuted(f"{says}: a page came in another order")


def judge_window(answer: Answer, start: str, end: str) -> Judgement:
    """Judge whether an UpdatedAt filter gives what is between its two ends, these included."""
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    says = "an UpdatedAt filter gives what was updated between its ends, these included"
    times = _times(answer)
    if not times:
        return refuted(f"{says}: nothing came, although a finding was updated at each end")
    first, last = parse_timestamp(start), parse_timestamp(end)
    if all(first <= each <= last for each in times):
        return fact_confirmed(says)
    return refuted(f"{says}: a finding from outside came")


def judge_case(asked: str, answer: Answer) -> Judgement:
    """Judge whether filters heed case, by the answer to an Id spelled in the other case."""
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    says = "filters tell upper from lower case"
    found = {each.get("Id") for each in answer.get("Findings", ())}
    return (
        refuted(f"{says}: a finding came by an Id that is not its own")
        if asked in found
        else fact_confirmed(says)
    )


def judge_note_filter(answer: Answer) -> Judgement:
    """Judge whether a NoteUpdatedAt filter gives findings that have a note, and these alone."""
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    findings = answer.get("Findings", ())
    if not findings:
        return unknown("no finding has a note of the last 90 days to look for")
    says = "a NoteUpdatedAt filter gives the findings with such a note"
    noted = all((each.get("Note") or {}).get("UpdatedAt") for each in findings)
    return fact_confirmed(says) if noted else refuted(f"{says}: one without a note came")


def judge_notes(answer: Answer) -> Judgement:
    """Judge whether a customer's write leaves UpdatedAt alone, by findings whose note has a time.

    One that was noted after its last update shows it; that each was updated within seconds of its note would
    be chance for few, and refutes it for several.
    """
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    since = [
        parse_timestamp(each["UpdatedAt"]) - parse_timestamp(each["Note"]["UpdatedAt"])
        for each in answer.get("Findings", ())
        if (each.get("Note") or {}).get("UpdatedAt")
    ]
    says = "writing workflow and note leaves UpdatedAt alone"
    if any(each < 0 for each in since):
        return fact_confirmed(says)
    if len(since) >= _SEVERAL and all(each <= _AT_ONCE for each in since):
        return refuted(says)
    return unknown("every finding with a note was updated by its provider since then")


def judge_archived(asked: Sequence[str], answer: Answer) -> Judgement:
    """Judge whether archived findings, asked for by these Ids, come although nobody asks for RecordState."""
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    says = "archived findings are returned unless RecordState is asked for"
    found = {each.get("Id") for each in answer.get("Findings", ())}
    return fact_confirmed(says) if found >= set(asked) else refuted(f"{says}: one did not come")


def judge_archival(findings: Sequence[tuple[str, Sequence[Mapping[str, Any]] | AwsError]]) -> Judgement:
    """Judge whether archival bumps `UpdatedAt`, by `UpdatedAt` and history of archived findings.

    What is dated within the overlap of change polls before it was archived counts as bumped.
    """
    says = "archival moves UpdatedAt, so that change polls see it"
    told: list[bool] = []
    for updated_at, history in findings:
        if isinstance(history, AwsError):
            return optional_call_failed(history)
        archived = [
            instant_of(record["UpdateTime"])
            for record in history
            if any(
                each.get("UpdatedField") == "RecordState" and "ARCHIVED" in str(each.get("NewValue"))
                for each in record.get("Updates") or ()
            )
        ]
        if archived:
            told.append(parse_timestamp(updated_at) >= max(archived) - OVERLAP)
    if not told:
        return unknown("no archived finding has a history that says when it was archived")
    if all(told):
        return fact_confirmed(f"{says} ({counted(len(told), 'finding', 'findings')} looked at)")
    return refuted(f"{says}: a finding was archived long after its UpdatedAt; the hourly re-list sees it")


def judge_insight(answer: Answer) -> Judgement:
    """Judge whether the values of an insight come largest first."""
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    counts = [int(each["Count"]) for each in answer["InsightResults"]["ResultValues"]]
    says = "the values of an insight come with the largest count first"
    if len(set(counts)) < 2:  # noqa: PLR2004 - what an order is made of
        return unknown("the order of an insight's values shows only where their counts differ")
    return fact_confirmed(says) if all(a >= b for a, b in pairwise(counts)) else refuted(says)


def judge_exposures(*, v2_on: bool | None, answer: Answer | None) -> Judgement:
    """Judge whether GetFindings leaves out exposures, which are V2's; `answer`: asked for them."""
    if v2_on is False:
        return unknown("whether GetFindings gives exposures does not arise: Security Hub V2 is off")
    if v2_on is None or answer is None:
        return unknown("whether GetFindings gives exposures: whether Security Hub V2 is on is not known")
    if isinstance(answer, AwsError):
        return optional_call_failed(answer)
    if answer.get("Findings"):
        return refuted("GetFindings gives no exposures: one came")
    return unknown("GetFindings gave no exposure; there may be none")


BEYOND_READING: Mapping[str, Judgement] = {
    "next-token-lifetime": unknown(
        "how long a NextToken lives cannot be told by a check of seconds; a window whose token has died"
        " starts over",
        "to find out: keep the NextToken of a GetFindings, and use it after 5, 30 and 60 minutes",
    ),
    "archival-event": unknown(
        "whether archival sends an event shows only in a queue; the hourly re-list does not need one",
        "to find out: send what EventBridge has of aws.securityhub to a queue, turn a control off, and look"
        " for RecordState ARCHIVED after 5 days",
    ),
    "event-account": unknown(
        "whether account and region of an event are the receiver's shows only in a queue; the finding in it"
        " says its own",
        "to find out: compare `account` of an event with detail.findings[0].AwsAccountId, of a member's"
        " finding",
    ),
    "queue-size": unknown(
        "whether queues of before keep their limit of 256 KiB shows only in one; a finding has at most"
        " 240 KiB",
        "to find out: `aws sqs get-queue-attributes --attribute-names MaximumMessageSize CreatedTimestamp`"
        " of a queue that was made before August 2025",
    ),
    "prices": unknown(
        "what a check costs in this Region is told by no API of Security Hub",
        "to find out: `aws pricing get-products --service-code AWSSecurityHub --region us-east-1 --filters"
        " Type=TERM_MATCH,Field=regionCode,Value=<region>`, or the bill; set `prices` in the configuration",
    ),
    "recorder-price": unknown(
        "whether the recorder that Security Hub keeps for itself costs anything shows only in the bill; no"
        " number here depends on it",
        "to find out: look for ConfigurationItemRecorded of accounts that have no other recorder",
    ),
}
"""What no reading call can settle, and why that does no harm."""


def _times(answer: Answer) -> list[int]:
    if isinstance(answer, AwsError):
        return []
    return [parse_timestamp(each["UpdatedAt"]) for each in answer.get("Findings", ())]
