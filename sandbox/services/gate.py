"""A WSGI application before moto's: answers the calls that have a function here, leaves all others to moto.

`PUT /_control/services/<name>` tells a service how to behave, where it can be told.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from http import HTTPStatus
from threading import RLock
from typing import Any

import msgspec
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from

from sandbox.services import athena, cloudfront, ec2, ecs, efs, iam, lambda_, organizations, s3, ssm
from sandbox.services.as_caller import call_as
from sandbox.services.call import CONTROL, Call, Refusal, Service
from sandbox.services.wire import Asked, answer_of, operation_of, read, signed, write
from sandbox.wsgi import Application, StartResponse, answer, body_of

SERVICES: Sequence[Service] = (
    athena.SERVICE,
    cloudfront.SERVICE,
    ec2.SERVICE,
    ecs.SERVICE,
    efs.SERVICE,
    iam.SERVICE,
    lambda_.SERVICE,
    organizations.SERVICE,
    s3.SERVICE,
    ssm.SERVICE,
)


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
        by = signed(environ)
        asked = None if by is None else self._asked(by.service, environ)
        if by is None or asked is None:
            return self._behind(environ, start_response)

        def moto() -> dict[str, Any]:
            return answer_of(self._behind, asked)

        service, operation = self._services[asked.model.service_name], asked.operation.name
        account, region = str(get_account_id_from(by.access_key)), by.region
        aws = partial(call_as, self, by.access_key, region)
        call = Call(service.name, operation, account, region, asked.parameters, moto, aws)
        status = None
        with self._lock:
            try:
                result: Any = service.handlers[operation](call)
            except Refusal as refusal:
                result, status = refusal, refusal.status
        return write(asked, result, status, start_response)

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

    def _asked(self, signing_name: str, environ: dict[str, Any]) -> Asked | None:
        """Read a request for one of our operations; None: it is for none of them."""
        for service in self._services.values():
            model = get_service_model(service.name)
            found = operation_of(model, environ) if model.signing_name == signing_name else None
            if found is not None and found[0].name in service.handlers:
                return read(model, *found, environ)
        return None
