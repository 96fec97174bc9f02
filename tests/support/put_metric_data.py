"""A request of PutMetricData as botocore writes it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from botocore.serialize import create_serializer
from botocore.session import Session


@cache
def _operation() -> tuple[Any, Any]:
    model = Session().get_service_model("cloudwatch")
    return create_serializer(model.resolved_protocol), model.operation_model("PutMetricData")


def body_of(namespace: str, data: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the body before it is compressed."""
    serializer, operation = _operation()
    parameters = {"Namespace": namespace, "MetricData": list(data)}
    body: bytes = serializer.serialize_to_request(parameters, operation)["body"]
    return body
