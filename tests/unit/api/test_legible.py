"""What of a status can be read: all that can, and nothing that cannot."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from posture.api.model import Observed
from posture.api.resource import CustomResource, Status, parse, read_status
from posture.api.suppression_policy import SuppressionPolicy, SuppressionPolicyStatus
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import PostureTargetStatus
from tests.support.api.objects import Object, changed, minimal, whole
from tests.support.api.spoilt import ODD_TIMES, spoilt, told
from tests.support.api.statuses import NOW, STATUSES


@pytest.mark.parametrize("kind", STATUSES)
def test_what_can_be_read_is_read_whole(kind: type[CustomResource]) -> None:
    assert read_status(kind.status_model(), {"status": told(kind)}) == STATUSES[kind]


@pytest.mark.parametrize("status", [None, "?", [], 7, {"conditions": "?"}, {"conditions": [None, 3, "x"]}])
def test_what_is_no_status_is_an_empty_one(status: object) -> None:
    assert read_status(PostureTargetStatus, {"status": status}) == PostureTargetStatus()
    assert read_status(PostureTargetStatus, {}) == PostureTargetStatus()


@pytest.mark.parametrize("kind", STATUSES)
@pytest.mark.parametrize("odd", ODD_TIMES)
def test_a_status_that_cannot_be_read_leaves_the_spec_as_it_is(kind: type[CustomResource], odd: str) -> None:
    document = whole(kind, minimal(kind))
    document["status"] = {
        **told(kind),
        "conditions": [{**told(kind)["conditions"][0]} | {"lastTransitionTime": odd}],
    }
    read: Any = parse(kind, document)
    assert read.spec == parse(kind, whole(kind, minimal(kind))).spec  # type: ignore[attr-defined] # every kind has one
    assert read.status.conditions == ()
    assert read.status == STATUSES[kind].model_copy(update={"conditions": ()})


@pytest.mark.parametrize("odd", ODD_TIMES)
def test_only_the_moment_goes_that_cannot_be_read(odd: str) -> None:
    status = {**told(SuppressionPolicy), "lastMatchedTime": odd}
    read = read_status(SuppressionPolicyStatus, {"status": status})
    assert read == STATUSES[SuppressionPolicy].model_copy(update={"last_matched_time": None})


def test_a_word_of_another_version_takes_its_part_with_it() -> None:
    status = changed(told(PostureTarget), "hub.findingFormat", "Ocsf")
    status = changed(status, "standards.0.passed", "nine")
    status = changed(status, "conditions.1.status", "Perhaps")
    read = read_status(PostureTargetStatus, {"status": status})
    expected = STATUSES[PostureTarget]
    assert isinstance(expected, PostureTargetStatus)
    assert expected.hub is not None
    assert read.hub == expected.hub.model_copy(update={"finding_format": None})
    assert read.standards == expected.standards[1:]
    assert [each.type for each in read.conditions] == [
        each.type for number, each in enumerate(expected.conditions) if number != 1
    ]


def test_what_cannot_be_an_account_or_a_region_is_no_place() -> None:
    place = {"standard": "s/v/1", "control": "S3.1", "region": "eu-west-1", "status": "Failed"}
    status = {
        "disabledControls": [
            {**place, "accounts": ["111122223333", "1/../..", "²²²²²²²²²²²²", "11112222333"]},
            {**place, "region": "eu-west-1.example.com/", "accounts": ["111122223333"]},
            {**place, "control": "S3.*", "accounts": ["111122223333"]},
        ]
    }
    (only,) = read_status(SuppressionPolicyStatus, {"status": status}).disabled_controls
    assert (only.region, only.accounts) == ("eu-west-1", ("111122223333",))


@pytest.mark.parametrize(("later", "known"), [(-1, True), (0, True), (1, False)])
def test_a_moment_that_was_is_not_after_now(later: int, known: bool) -> None:
    at = NOW + timedelta(seconds=later)
    document = {
        "status": {
            "score": 69,
            "scoreTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "sync": {"lastSuccessTime": f"{at:%Y-%m-%dT%H:%M:%SZ}", "nextTime": "2099-01-01T00:00:00Z"},
        }
    }
    read = read_status(PostureTargetStatus, document, NOW)
    assert (read.score_time is not None) is known
    assert read.score == 69
    assert read.sync is not None
    assert (read.sync.last_success_time is not None) is known
    assert read.sync.next_time == datetime(2099, 1, 1, tzinfo=UTC)


@given(spoilt())
def test_whatever_is_spoilt_the_rest_is_read(case: tuple[type[CustomResource], Object]) -> None:
    kind, status = case
    before = copy.deepcopy(status)
    read = read_status(kind.status_model(), {"status": status}, NOW)
    assert status == before
    assert_part_of(
        read, STATUSES[kind], spoilt_fields={key for key in before if before[key] != told(kind).get(key)}
    )


def assert_part_of(read: Status, whole_one: Observed, spoilt_fields: set[str]) -> None:
    written, complete = read.to_api(), whole_one.to_api()
    for field, value in complete.items():
        if field not in spoilt_fields:
            assert written[field] == value, field
