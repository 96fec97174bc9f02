"""The emulator in a thread of this process, for code that is not asynchronous."""

import asyncio
import threading
from typing import Any, Self

import boto3
from botocore.config import Config

from sandbox.securityhub.client import ControlClient
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.server import SecurityHubServer


class BackgroundHub:
    """`with BackgroundHub() as hub: hub.client("111122223333", "eu-west-1").get_findings()`.

    The emulator belongs to its thread: tell it what to do through `control`.
    """

    def __init__(self, sts_url: str | None = None) -> None:
        self.url = ""
        self._sts_url = sts_url
        self._session = boto3.Session()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="securityhub", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def control(self) -> ControlClient:
        """The client of the control endpoint."""
        return ControlClient(self.url)

    def client(self, account: str, region: str, service: str = "securityhub", **config: Any) -> Any:  # noqa: ANN401 - boto3 ships no types
        """Return a boto3 client of one account and Region that tries each call once."""
        return self._session.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="unchecked",  # noqa: S106 - signatures are not verified
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10, **config),
        )

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with SecurityHubServer(Emulator(), sts_url=self._sts_url) as server:
            self.url = server.url
            self._ready.set()
            await self._stop.wait()
