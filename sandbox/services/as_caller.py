"""Calls that an emulated service makes itself, as whoever called it: through the gate, without a network."""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.session import Session
from moto.core.request import Request
from werkzeug.test import run_wsgi_app

from sandbox.wsgi import Application

_ENDPOINT = "http://127.0.0.1"
_SESSION = Session()


class _Body(BytesIO):
    """A body as botocore reads one."""

    def stream(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - as urllib3 has it
        """Yield the whole of it."""
        yield self.read()


def call_as(
    app: Application,
    access_key: str,
    region: str,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    """Call an operation through an application and return its answer. Raises botocore's ClientError."""
    return dict(_client(app, access_key, region, service)._make_api_call(operation, dict(parameters)))  # noqa: SLF001 - operations by their own names


@lru_cache(maxsize=64)
def _client(app: Application, access_key: str, region: str, service: str) -> Any:  # noqa: ANN401 - botocore has no types
    client = _SESSION.create_client(
        service,
        region_name=region,
        endpoint_url=_ENDPOINT,
        aws_access_key_id=access_key,
        aws_secret_access_key="-",  # noqa: S106 - nobody checks a signature here
        config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
    )

    def send(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        environ = Request.from_primitives(request.method, request.url, request.headers, request.body).environ
        chunks, status, headers = run_wsgi_app(app, environ, buffered=True)
        return AWSResponse(request.url, int(status.split(" ", 1)[0]), headers, _Body(b"".join(chunks)))

    client.meta.events.register("before-send", send)
    return client
