"""A message's body, and what of it is believed."""

import json
from typing import Any

import pytest

from posture.aws.securityhub.events import FindingEvent, Foreign, Malformed, read_event
from posture.domain.findings import Workflow
from posture.domain.time import parse_timestamp
from tests.support.events import event
from tests.support.hubs.world import ADMINISTRATOR, REGION, finding

TIME = "2026-11-20T10:00:00Z"
AT = parse_timestamp(TIME)


def whole(**more: Any) -> dict[str, Any]:
    return {**finding("f", updated_at="2026-11-20T09:59:59.123Z", workflow="SUPPRESSED"), **more}


def read(found: dict[str, Any], **envelope: Any) -> FindingEvent:
    return read_event(json.dumps(event(found, TIME, **envelope)))


def test_an_event_is_a_copy_of_a_finding() -> None:
    told = read(whole())
    assert (told.account_id, told.region, told.at) == (ADMINISTRATOR, REGION, AT)
    assert told.finding is not None
    assert told.finding.workflow is Workflow.SUPPRESSED
    assert told.finding.updated_at == parse_timestamp("2026-11-20T09:59:59.123Z")
    assert told.of == (told.finding.product_arn, told.finding.id)


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("2026-11-20T10:00:00.750Z", 750_000),
        ("2026-11-20T09:59:59.999Z", 0),
        # Nothing that an event tells was written after it.
        ("2026-11-20T10:00:01.000Z", 0),
        ("yesterday", 0),
    ],
)
def test_a_note_of_the_same_second_says_more_of_when_it_was(written: str, after: int) -> None:
    told = read(whole(Note={"Text": "n", "UpdatedBy": "b", "UpdatedAt": written}))
    assert told.at == AT + after


@pytest.mark.parametrize(
    "envelope",
    [
        {"detail-type": "Findings Imported V2", "detail": {"findings": [{"class_uid": 2003}]}},
        {"detail-type": "Security Hub Findings - Custom Action"},
        {"detail-type": "Security Hub Insight Results"},
        {"source": "aws.guardduty"},
        {"source": "com.example"},
    ],
)
def test_what_is_no_event_of_a_finding_is_foreign(envelope: dict[str, Any]) -> None:
    with pytest.raises(Foreign):
        read(whole(), **envelope)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "<html></html>",
        json.dumps(event(whole(), TIME))[:-40],
        json.dumps(event(whole(), "yesterday")),
        json.dumps(event(whole(), "2026-11-20")),
        json.dumps({**event(whole(), TIME), "detail": {"findings": []}}),
        json.dumps({**event(whole(), TIME), "detail": {"findings": [whole(), whole()]}}),
        json.dumps({**event(whole(), TIME), "detail": whole()}),
        json.dumps({**event(whole(), TIME), "detail": {"findings": ["f"]}}),
        json.dumps({**event(whole(), TIME), "account": 111122223333}),
        json.dumps(event(whole(Id=""), TIME)),
        json.dumps(event(whole(ProductArn=None), TIME)),
        json.dumps(event(whole(Padding="x" * 600_000), TIME)),
        '{"source": "aws.securityhub", "a": ' + "[" * 100_000,
        '{"source": "\ud800"}',
    ],
)
def test_what_cannot_be_read_is_malformed(body: str) -> None:
    with pytest.raises((Malformed, Foreign)):
        read_event(body)


@pytest.mark.parametrize(
    "name",
    [
        "AwsAccountId",
        "CreatedAt",
        "Description",
        "GeneratorId",
        "RecordState",
        "Resources",
        "Severity",
        "Title",
        "UpdatedAt",
        "Workflow",
    ],
)
def test_a_shrunk_finding_is_news_and_no_copy(name: str) -> None:
    shrunk = whole()
    del shrunk[name]
    told = read(shrunk)
    assert (told.finding, told.of.id) == (None, shrunk["Id"])
    assert read(whole(**{name: None})).finding is None


@pytest.mark.parametrize(
    "odd",
    [
        {"Workflow": {"Status": "PONDERED"}},
        {"Severity": {"Label": "AWFUL"}},
        {"Compliance": {"Status": "PERHAPS"}},
        {"Compliance": None},
        {"UpdatedAt": "yesterday"},
        {"AwsAccountId": "12"},
        {"Resources": "none"},
        {"Title": 3},
    ],
)
def test_odd_values_are_read_again_by_id_and_not_stored_by_default(odd: dict[str, Any]) -> None:
    assert read(whole(**odd)).finding is None


def test_what_it_says_of_others_is_short() -> None:
    with pytest.raises(Foreign) as foreign:
        read(whole(), **{"detail-type": "x" * 10_000 + "\n\x1b[31m"})
    assert len(str(foreign.value)) < 300
    assert "\n" not in str(foreign.value)
