"""The bytes of an answer are looked at before botocore is allowed to read less out of them."""

from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.parsers import ResponseParserError

from posture.aws.client.limiter import Usage
from posture.aws.client.responses import DECODED, MALFORMED, _CheckingJson, _CheckingXml, _clean
from posture.aws.securityhub.wire import FindingsPage, decode_page


@cache
def model(operation: str, service: str = "securityhub") -> Any:
    return botocore.session.get_session().get_service_model(service).operation_model(operation)


def checked(
    operation: str, body: bytes, status: int = 200, service: str = "securityhub"
) -> tuple[dict[str, Any], bytes]:
    response = {"status_code": status, "body": body}
    marks: dict[str, Any] = {}
    _CheckingJson({("securityhub", "GetFindings"): decode_page})(
        operation_model=model(operation, service),
        response_dict=response,
        customized_response_dict=marks,
        more=1,
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


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("ssm", "GetParameters", b"<html>"),
        ("ssm", "GetParameters", b""),
        ("config", "DescribeConfigRules", b'{"ConfigRules": ['),
        ("organizations", "ListAccounts", b"[]"),
        ("guardduty", "ListDetectors", b'{"nextToken": "x"}'),
        ("lambda", "ListFunctions", b"<html>"),
    ],
)
def test_a_body_of_any_service_that_answers_in_json_is_looked_at(
    service: str, operation: str, body: bytes
) -> None:
    assert set(checked(operation, body, service=service)[0]) == {MALFORMED}


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("ssm", "GetParameters", b"{}"),
        ("guardduty", "ListDetectors", b'{"detectorIds": []}'),  # a member is not written as it is named
        ("lambda", "DeleteFunction", b""),  # its one member is the status
        ("lambda", "PutFunctionConcurrency", b"{}"),
        ("lambda", "Invoke", b"<html>"),  # bytes of somebody else's making
        ("apigateway", "GetSdk", b"PK"),
        ("sts", "GetCallerIdentity", b"<R/>"),  # in XML
    ],
)
def test_a_body_that_a_services_model_allows_is_left_to_botocore(
    service: str, operation: str, body: bytes
) -> None:
    assert checked(operation, body, service=service) == ({}, body)


def test_a_page_is_decoded_and_kept_from_botocore() -> None:
    marks, left = checked("GetFindings", b'{"Findings": []}')
    assert marks == {DECODED: FindingsPage([], [], [], None, body=b'{"Findings": []}')}
    assert left == b"{}"


def in_result(operation: str, members: bytes) -> bytes:
    """Write an answer as AWS's query protocol has it."""
    name = operation.encode()
    return b'<%bResponse xmlns="x"><%bResult>%b</%bResult></%bResponse>' % (name, name, members, name, name)


def checked_xml(operation: str, body: bytes, status: int = 200, service: str = "sts") -> tuple[bytes, Usage]:
    response, usage = {"status_code": status, "body": body}, Usage()
    _CheckingXml(usage)(
        event_name=f"before-parse.{service}.{operation}",
        operation_model=model(operation, service),
        response_dict=response,
        more=1,
    )
    return response["body"], usage  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("GetCallerIdentity", b""),
        ("GetCallerIdentity", b"<html><br></html>"),
        ("GetCallerIdentity", b"<html/>"),
        ("GetCallerIdentity", in_result("GetCallerIdentity", b"<Account/>")),
        ("GetCallerIdentity", b"<GetCallerIdentityResponse><Account>1</Account></GetCallerIdentityResponse>"),
        ("GetCallerIdentity", b"<R>" + in_result("GetCallerIdentity", b"<Account>1</Account>") + b"</R>"),
        ("AssumeRole", b"<R><AccessKeyId>a</AccessKeyId><SecretAccessKey>S3CRET"),
        (
            "AssumeRoleWithWebIdentity",
            in_result(
                "AssumeRoleWithWebIdentity",
                b"<AccessKeyId>a</AccessKeyId><SecretAccessKey>S3CRET</SecretAccessKey>",
            ),
        ),
    ],
)
def test_an_answer_of_sts_that_is_none_is_an_error_without_the_answer(operation: str, body: bytes) -> None:
    response, usage = {"status_code": 200, "body": body}, Usage()
    with pytest.raises(ResponseParserError, match=f"^{len(body)} bytes that are no answer: ") as raised:
        _CheckingXml(usage)(
            event_name=f"before-parse.sts.{operation}",
            operation_model=model(operation, "sts"),
            response_dict=response,
        )
    assert "S3CRET" not in str(raised.value)
    assert usage.requests == {("sts", operation, "MalformedResponse"): 1}


@pytest.mark.parametrize("body", [b"", b"<html>no", b"<html><body>Forbidden</body></html>", b"Forbidden"])
def test_a_refusal_in_another_language_than_that_of_sts_has_its_status_for_a_code(body: bytes) -> None:
    left, usage = checked_xml("AssumeRole", body, 403)
    assert b"<Code>403</Code>" in left
    assert not usage.requests


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("GetCallerIdentity", in_result("GetCallerIdentity", b"<Account>1</Account>"), 200),
        ("AssumeRole", b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", 403),
    ],
)
def test_answers_and_refusals_of_sts_are_left_to_botocore(operation: str, body: bytes, status: int) -> None:
    assert checked_xml(operation, body, status)[0] == body


WEB_PAGE = b"<html><body>please log in</body></html>"


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("s3", "GetBucketTagging", b""),
        ("s3", "GetBucketTagging", b"<Tagging><TagSet>"),
        ("s3", "GetBucketTagging", WEB_PAGE),
        ("s3", "PutPublicAccessBlock", WEB_PAGE),
        ("s3control", "GetPublicAccessBlock", b""),
        ("s3control", "GetPublicAccessBlock", b'<HTML xmlns="http://www.w3.org/1999/xhtml"/>'),
        ("ec2", "DescribeTags", b""),
        ("ec2", "DescribeTags", b"<DescribeTagsResponse><tagSet>"),
        ("ec2", "DescribeTags", WEB_PAGE),
        ("ec2", "DeleteTags", WEB_PAGE),
        ("rds", "ListTagsForResource", WEB_PAGE),
        ("rds", "ListTagsForResource", b"<ListTagsForResourceResponse/>"),
        ("iam", "UpdateAccessKey", WEB_PAGE),
        ("iam", "UpdateAccessKey", b""),
    ],
)
def test_a_body_of_any_service_that_answers_in_xml_is_looked_at(
    service: str, operation: str, body: bytes
) -> None:
    with pytest.raises(ResponseParserError, match=f"^{len(body)} bytes that are no answer: "):
        checked_xml(operation, body, service=service)


@pytest.mark.parametrize(
    ("service", "operation", "body"),
    [
        ("s3", "PutBucketPolicy", b""),
        ("s3", "GetBucketPolicy", b'{"Version": "2012-10-17"}'),
        ("s3", "GetObject", WEB_PAGE),  # bytes of somebody else's making
        ("s3", "GetBucketVersioning", b"<VersioningConfiguration/>"),
        ("route53", "DeleteHealthCheck", b"<DeleteHealthCheckResponse/>"),
        ("ec2", "DescribeTags", b'<DescribeTagsResponse xmlns="x"><tagSet/></DescribeTagsResponse>'),
        ("iam", "UpdateAccessKey", b'<UpdateAccessKeyResponse xmlns="x"/>'),
        ("rds", "ListTagsForResource", in_result("ListTagsForResource", b"")),
        ("ssm", "GetParameters", b"{}"),  # in JSON
    ],
)
def test_a_body_in_xml_that_a_services_model_allows_is_left_to_botocore(
    service: str, operation: str, body: bytes
) -> None:
    assert checked_xml(operation, body, service=service)[0] == body


@pytest.mark.parametrize("body", [b"", WEB_PAGE, b"Service Unavailable"])
def test_a_refusal_in_another_language_than_that_of_ec2_has_its_status_for_a_code(body: bytes) -> None:
    assert b"<Code>503</Code>" in checked_xml("DescribeTags", body, 503, "ec2")[0]


def test_a_success_is_shown_as_it_is_whatever_its_members_are_called() -> None:
    text = "one\n\ntwo " * 200
    answer = {
        "Error": {"Message": text},
        "Text": text,
        "UnprocessedNames": ["a"],
        "UnprocessedCount": 1,
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }
    before = {**answer, "Error": {"Message": text}}
    _clean(parsed_response=answer, context={})
    assert answer == before
