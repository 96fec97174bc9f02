"""Requests to an HTTP Event Collector, with the token and the certificates as their files are now."""

import asyncio
import gzip
import ssl
from collections.abc import Collection, Sequence
from pathlib import Path
from uuid import uuid4

import aiohttp
import msgspec

from posture.config.outputs import SplunkOutput
from posture.kube.leadership import Leading
from posture.publish.sending import Undelivered
from posture.publish.splunk.answers import Receipt, acknowledged_of, receipt_of

_LONGEST_CALL = 30.0
_MOST_READ = 64 * 1024
GZIP_LEVEL = 6
"""Of a request: what more would save is a twentieth, at a quarter more of the CPU."""
_LONGEST_TOKEN = 1024

Version = tuple[int, int, int] | None
"""By which it is known that a file is another one."""


class Collector:
    """One output's collector; connections are made when they are used. No redirect is followed."""

    def __init__(self, definition: SplunkOutput) -> None:
        self._definition = definition
        self._base = f"{definition.url.rstrip('/')}/services/collector"
        self._channel = str(uuid4())
        self._session: aiohttp.ClientSession | None = None
        self._trust: tuple[Version, ssl.SSLContext | bool] | None = None
        self._seen: tuple[Version, Version] | None = None

    def has_other_files(self) -> bool:
        """Whether the token's file, or that of the certificates, is another one than when last looked at."""
        seen, self._seen = self._seen, self._versions()
        return seen is not None and seen != self._seen

    async def send(self, events: Sequence[bytes], leading: Leading) -> Receipt:
        """Send a batch; raises Undelivered."""
        body = await asyncio.to_thread(_packed, events)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        status, answer = await self._post("/event", body, headers, leading)
        return receipt_of(status, answer, acknowledged=self._definition.acknowledge)

    async def acknowledged(self, ids: Collection[int], leading: Leading) -> frozenset[int]:
        """Ask which batches are indexed; each is told once only. Raises Undelivered."""
        body = msgspec.json.encode({"acks": sorted(ids)})
        headers = {"Content-Type": "application/json"}
        status, answer = await self._post(f"/ack?channel={self._channel}", body, headers, leading)
        return acknowledged_of(status, answer)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(
        self, path: str, body: bytes, headers: dict[str, str], leading: Leading
    ) -> tuple[int, bytes]:
        token, trust = await asyncio.to_thread(self._files)
        headers = {
            **headers,
            "Authorization": f"Splunk {token}",
            "X-Splunk-Request-Channel": self._channel,
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=True, cookie_jar=aiohttp.DummyCookieJar())
        within = aiohttp.ClientTimeout(total=max(0.001, min(_LONGEST_CALL, leading())))
        try:
            async with self._session.post(
                f"{self._base}{path}",
                data=body,
                headers=headers,
                ssl=trust,
                timeout=within,
                allow_redirects=False,
            ) as response:
                return response.status, await _start_of(response)
        except aiohttp.ClientConnectorCertificateError as error:
            advice = "put the certificate of its authority into caFile, or correct url"
            raise Undelivered(
                "CertificateNotTrusted", f"Splunk's certificate is not trusted: {advice}", lasting=True
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # The text of the error may hold what was sent.
            raise Undelivered(
                "SplunkUnavailable", f"Splunk cannot be reached ({type(error).__name__}): check url"
            ) from None

    def _files(self) -> tuple[str, ssl.SSLContext | bool]:
        """Return the token and whom to trust, as the files are now."""
        self._seen = self._versions()
        token = _token(Path(self._definition.token_file))
        version = self._seen[1]
        if self._trust is None or self._trust[0] != version:
            self._trust = version, self._context()
        return token, self._trust[1]

    def _context(self) -> ssl.SSLContext | bool:
        if self._base.startswith("http://"):
            return True
        try:
            return ssl.create_default_context(cafile=self._definition.ca_file)
        except (OSError, ssl.SSLError) as error:
            message = f"caFile {self._definition.ca_file} has no certificates: mount it, or correct the path"
            raise Undelivered("CaFileUnreadable", message, lasting=True) from error

    def _versions(self) -> tuple[Version, Version]:
        ca_file = self._definition.ca_file
        return _version(self._definition.token_file), None if ca_file is None else _version(ca_file)


async def _start_of(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer, no more of it than one can have."""
    body = b""
    while len(body) < _MOST_READ and (chunk := await response.content.read(_MOST_READ)):
        body += chunk
    return body


def _packed(events: Sequence[bytes]) -> bytes:
    return gzip.compress(b"".join(events), GZIP_LEVEL)


def _version(path: str) -> Version:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _token(path: Path) -> str:
    """Return the token in a file; a newline at its end is no part of it."""
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST_TOKEN + 2).decode("ascii").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        text = ""
    # Nothing of what is there is told: it may be half of a token.
    if not text or len(text) > _LONGEST_TOKEN or not text.isprintable() or " " in text:
        message = f"tokenFile {path} has no token: mount the Secret there, or correct the path"
        raise Undelivered("TokenUnreadable", message, lasting=True)
    return text
