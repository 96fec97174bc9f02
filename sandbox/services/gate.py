"""A WSGI application before moto's: answers the calls that have a function here, leaves all others to moto.

`PUT /_control/services/<name>` tells a service how to behave, where it can be told.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from io import BytesIO
from threading import RLock
from typing import Any, NamedTuple

import msgspec
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from moto.core.errors import COMMON_ERROR_CODES
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.exceptions import NotFound
from werkzeug.test import run_wsgi_app

from sandbox.services import athena, cloudfront, ec2, ecs, efs, lambda_, organizations, s3, ssm
from sandbox.services.as_caller import call_as
from sandbox.services.call import CONTROL, Call, Refusal, Service
from sandbox.wsgi import Application, StartResponse, answer, body_of

SERVICES: Sequence[Service] = (
    athena.SERVICE,
    cloudfront.SERVICE,
    ec2.SERVICE,
    ecs.SERVICE,
    efs.SERVICE,
    lambda_.SERVICE,
    organizations.SERVICE,
    s3.SERVICE,
    ssm.SERVICE,
)
_SCOPE = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<name>[^/]+)/aws4_request")
_FORM = "application/x-www-form-urlencoded"
_REFUSED = 300


class _Asked(NamedTuple):
    """A request for an operation of a service, read as the service's model has it."""

    model: ServiceModel
    operation: OperationModel
    parameters: Mapping[str, Any]
    protocol: str
    environ: dict[str, Any]


class ServiceGate:
    """Answers what `services` answer; leaves everything else to the application behind it."""

    def __init__(self, behind: Application, services: Sequence[Service] = SERVICES) -> None:
        self._behind = behind
        self._services = {service.name: service for service in services}
        self._lock = RLock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path: str = environ["PATH_INFO"]
        if path.startswith(CONTROL):
            return self._control(path.removeprefix(CONTROL), environ, start_response)
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        asked = None if scope is None else self._asked(scope["name"], environ)
        if scope is None or asked is None:
            return self._behind(environ, start_response)

        def moto() -> dict[str, Any]:
            return _answer_of(self._behind, asked)

        service, operation = self._services[asked.model.service_name], asked.operation.name
        account, region = str(get_account_id_from(scope["key"])), scope["region"]
        aws = partial(call_as, self, scope["key"], region)
        call = Call(service.name, operation, account, region, asked.parameters, moto, aws)
        status = None
        with self._lock:
            try:
                result: Any = service.handlers[operation](call)
            except Refusal as refusal:
                result, status = refusal, refusal.status
        return _write(asked, result, status, start_response)

    def _control(self, name: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        service = self._services.get(name)
        try:
            if service is None or service.script is None:
                raise ValueError(f"service {name!r} cannot be told how to behave")  # noqa: TRY301 - as a wrong script
            with self._lock:
                service.script(body_of(environ))
        except ValueError as error:
            said = msgspec.json.encode({"error": str(error)})
            return answer(start_response, HTTPStatus.BAD_REQUEST, said, "application/json")
        return answer(start_response, HTTPStatus.OK, b"{}", "application/json")

    def _asked(self, signing_name: str, environ: dict[str, Any]) -> _Asked | None:
        """Read a request for one of our operations; None: it is for none of them."""
        for service in self._services.values():
            model = get_service_model(service.name)
            if model.signing_name == signing_name:
                asked = _read(model, service, environ)
                if asked is not None:
                    return asked
        return None


def _read(model: ServiceModel, service: Service, environ: dict[str, Any]) -> _Asked | None:
    body = body_of(environ)
    request = Request({**environ, "wsgi.input": BytesIO(body)})
    # Services of one signing name (elb, elbv2) differ in their versions.
    is_form = environ.get("CONTENT_TYPE", "").startswith(_FORM)
    if is_form and request.values.get("Version") != model.api_version:
        return None
    try:
        operation, uri = get_service_router(service.name).match(request)
    except (NotFound, NotImplementedError):
        return None
    if operation.name not in service.handlers:
        return None
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
    return _Asked(model, operation, parsed, protocol, {**environ, "wsgi.input": BytesIO(body)})


def _answer_of(behind: Application, asked: _Asked) -> dict[str, Any]:
    """Return the members of what the application behind answers."""
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


def _write(asked: _Asked, result: Any, status: int | None, start_response: StartResponse) -> list[bytes]:  # noqa: ANN401 - as the serializer has it
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
