"""The bytes of an answer are looked at before botocore is allowed to read less out of them."""

from functools import cache
from typing import Any

import botocore.session
import pytest

from posture.aws.answers import MALFORMED, PAGE, _check_body
from posture.aws.wire import Page


@cache
def model(operation: str) -> Any:
    return botocore.session.get_session().get_service_model("securityhub").operation_model(operation)


def checked(operation: str, body: bytes, status: int = 200) -> tuple[dict[str, Any], bytes]:
    response = {"status_code": status, "body": body}
    marks: dict[str, Any] = {}
    _check_body(
        operation_model=model(operation), response_dict=response, customized_response_dict=marks, more=1
    )
    return marks, response["body"]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetFindings", b"{}"),
        ("GetFindings", b'{"Findings": 5}'),
        ("BatchUpdateFindings", b"{}"),
        ("BatchUpdateFindings", b'{"ProcessedFindings": []}'),
        ("BatchUpdateFindings", b'{"UnprocessedFindings": []}'),
        ("BatchUpdateStandardsControlAssociations", b""),
        ("ListSecurityControlDefinitions", b'{"NextToken": "x"}'),
        ("DescribeHub", b""),
        ("DescribeHub", b"[]"),
        ("DescribeHub", b'{"HubArn": "\xff"}'),
        ("ListMembers", b'{"Members": ['),
        ("UpdateStandardsControl", b"<html>"),
    ],
)
def test_a_body_that_is_no_answer_is_marked(operation: str, body: bytes) -> None:
    marks, left = checked(operation, body)
    assert set(marks) == {MALFORMED}
    assert marks[MALFORMED].startswith(f"{len(body)} bytes")
    assert left == b"{}"


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("BatchUpdateFindings", b'{"ProcessedFindings": [], "UnprocessedFindings": []}', 200),
        ("DescribeHub", b"{}", 200),
        ("UpdateStandardsControl", b"", 200),
        ("UpdateStandardsControl", b"{}", 200),
        ("GetFindings", b"<html>", 502),
        ("GetFindings", b'{"Message": "no"}', 403),
    ],
)
def test_answers_and_errors_are_left_to_botocore(operation: str, body: bytes, status: int) -> None:
    assert checked(operation, body, status) == ({}, body)


def test_a_page_is_decoded_and_kept_from_botocore() -> None:
    marks, left = checked("GetFindings", b'{"Findings": []}')
    assert marks == {PAGE: Page([], [], [], None)}
    assert left == b"{}"
