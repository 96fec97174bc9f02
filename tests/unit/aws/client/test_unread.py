"""What an answer has and the model does not: found at any depth, and never where there is none."""

from typing import Any

import botocore.session
import pytest
from botocore.serialize import create_serializer

from posture.aws.client.unread import UNREAD, note_unread

SESSION = botocore.session.get_session()
MODEL = SESSION.get_service_model("cloudfront").operation_model("GetDistributionConfig")
REPLICATION = SESSION.get_service_model("s3").operation_model("GetBucketReplication")
BEHAVIOUR = {"TargetOriginId": "shop", "ViewerProtocolPolicy": "allow-all"}
PATHS = {"Quantity": 1, "Items": [{"PathPattern": "/a", **BEHAVIOUR}]}
CONFIGURATION = {
    "CallerReference": "r",
    "Comment": "c",
    "Enabled": True,
    "Origins": {"Quantity": 1, "Items": [{"Id": "shop", "DomainName": "d"}]},
    "DefaultCacheBehavior": BEHAVIOUR,
    "CacheBehaviors": PATHS,
    "Aliases": {"Quantity": 1, "Items": ["shop.example"]},
}


def written() -> str:
    """Return a configuration as CloudFront writes it, which is how a client sends it."""
    operation = MODEL.service_model.operation_model("UpdateDistribution")
    request = {"Id": "E1", "IfMatch": "E2", "DistributionConfig": CONFIGURATION}
    body: bytes = create_serializer("rest-xml").serialize_to_request(request, operation)["body"]
    return body.decode()


def noted(body: str, status: int = 200, model: Any = MODEL) -> dict[str, Any]:
    marks: dict[str, Any] = {}
    response = {"status_code": status, "body": body.encode()}
    note_unread(operation_model=model, response_dict=response, customized_response_dict=marks, more=1)
    return marks


def test_what_the_model_has_is_read() -> None:
    assert noted(written()) == {}


@pytest.mark.parametrize(
    "where", ["</Comment>", "<CacheBehavior>", "<Origin>", "<Aliases><Quantity>1</Quantity>"]
)
def test_what_it_has_not_is_noted_at_any_depth(where: str) -> None:
    body = written()
    assert where in body
    assert noted(body.replace(where, f"{where}<New><Deep>1</Deep></New>")) == {UNREAD: ["New"]}


def test_a_refusal_is_none_of_it() -> None:
    assert noted("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", 403) == {}


def test_lists_without_a_list_around_them_are_read() -> None:
    rules = "<Rule><ID>1</ID><Priority>1</Priority></Rule><Rule><ID>2</ID>{}</Rule>"
    body = f"<ReplicationConfiguration><Role>r</Role>{rules}</ReplicationConfiguration>"
    assert noted(body.format(""), model=REPLICATION) == {}
    assert noted(body.format("<New/>"), model=REPLICATION) == {UNREAD: ["New"]}


@pytest.mark.parametrize(("service", "operation"), [("s3", "GetBucketPolicy"), ("s3", "ListBuckets")])
def test_what_is_no_document_is_not_looked_at(service: str, operation: str) -> None:
    model = SESSION.get_service_model(service).operation_model(operation)
    assert noted('{"Statement": []}', model=model) == {}
