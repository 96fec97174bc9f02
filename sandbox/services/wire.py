"""How calls of AWS are read and answered here: by AWS's own models, whatever the protocol."""

import re
import uuid
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import Any, NamedTuple

from botocore.awsrequest import HeadersDict
from botocore.exceptions import UnknownServiceError
from botocore.parsers import create_parser
from moto.core.errors import COMMON_ERROR_CODES
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound
from werkzeug.test import run_wsgi_app

from sandbox.services.call import Refusal
from sandbox.wsgi import Application, StartResponse, body_of

_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<name>[^/]+)/aws4_request")
_FORM = "application/x-www-form-urlencoded"
_REFUSED = 300
# Services that sign by another name than their own.
_SIGNED_AS: Mapping[str, tuple[str, ...]] = {
    "s3": ("s3control", "s3"),
    "elasticloadbalancing": ("elb", "elbv2"),
    "monitoring": ("cloudwatch",),
    "elasticfilesystem": ("efs",),
}


class Signed(NamedTuple):
    """What the signature of a request says. `service`: its signing name."""

    access_key: str
    region: str
    service: str


class Asked(NamedTuple):
    """A request for an operation of a service, read as the service's model has it."""

    model: ServiceModel
    operation: OperationModel
    parameters: Mapping[str, Any]
    protocol: str
    environ: dict[str, Any]


def signed(environ: Mapping[str, Any]) -> Signed | None:
    """Return what a request's signature says; None where it has none."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return None if scope is None else Signed(scope["key"], scope["region"], scope["name"])


def models_signed_as(name: str) -> Iterator[ServiceModel]:
    """Yield the models of services that sign by this name, as far as the sandbox knows them."""
    for each in _SIGNED_AS.get(name, (name,)):
        try:
            yield get_service_model(each)
        except UnknownServiceError:
            continue


def operation_of(
    model: ServiceModel, environ: dict[str, Any]
) -> tuple[OperationModel, dict[str, Any]] | None:
    """Return the operation of a service that a request is for, with what its path says; None: for none."""
    request = Request({**environ, "wsgi.input": BytesIO(body_of(environ))})
    # Services of one signing name (elb, elbv2) differ in their versions.
    is_form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    if is_form and request.values.get("Version") != model.api_version:
        return None
    try:
        operation, uri = get_service_router(model.service_name).match(request)
    except (NotFound, NotImplementedError):
        return None
    return operation, uri


def read(
    model: ServiceModel, operation: OperationModel, uri: dict[str, Any], environ: dict[str, Any]
) -> Asked:
    """Read a request for an operation. `uri`: what its path says."""
    body = body_of(environ)
    request = Request({**environ, "wsgi.input": BytesIO(body)})
    protocol = determine_request_protocol(model, request.content_type)
    parsed = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": uri,
        }
    )
    return Asked(model, operation, parsed, protocol, {**environ, "wsgi.input": BytesIO(body)})


def answer_of(behind: Application, asked: Asked) -> dict[str, Any]:
    """Return the members of what the application behind answers. Raises Refusal where it refuses."""
    asked.environ["wsgi.input"].seek(0)
    chunks, status, headers = run_wsgi_app(behind, {**asked.environ}, buffered=True)
    code = int(status.split(" ", 1)[0])
    answered = {"status_code": code, "headers": HeadersDict(headers.items()), "body": b"".join(chunks)}
    parsed: dict[str, Any] = create_parser(asked.protocol).parse(answered, asked.operation.output_shape)
    if code >= _REFUSED:
        error = parsed.get("Error", {})
        raise Refusal(str(error.get("Code")), str(error.get("Message", "")), code)
    parsed.pop("ResponseMetadata", None)
    return parsed


def write(asked: Asked, result: Any, status: int | None, start_response: StartResponse) -> list[bytes]:  # noqa: ANN401 - as the serializer has it
    """Answer with an output or a Refusal, in the way of the protocol."""
    request_id = str(uuid.uuid4())
    if isinstance(result, Refusal) and result.code not in COMMON_ERROR_CODES:
        # What every service may say, and no model names: throttling, denials.
        COMMON_ERROR_CODES.append(result.code)
    serializer = get_serializer_class(asked.model.service_name, asked.protocol)
    written = serializer(asked.operation, SerializationContext(request_id)).serialize(result)
    body = written["body"]
    encoded = body.encode() if isinstance(body, str) else body
    code = HTTPStatus(status or written["status_code"])
    if code is HTTPStatus.NO_CONTENT:
        encoded = b""
    headers = {**written["headers"], "Content-Length": str(len(encoded)), "x-amzn-RequestId": request_id}
    start_response(f"{code.value} {code.phrase}", [(name, str(value)) for name, value in headers.items()])
    return [encoded]
