"""Events (`events.k8s.io/v1`) on our objects: what `kubectl describe` shows. Losing one is never fatal."""

import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from posture.api.reasons.words import ReasonWord
from posture.domain.text import printable
from posture.kube.client import KubeClient
from posture.kube.errors import Gone, KubeError
from posture.kube.resources import EVENTS, ObjectRef

logger = logging.getLogger(__name__)

CONTROLLER = "posture.dev"
NOTE_BYTES = 1024
"""The API server's limit of a note."""
SERIES_WITHIN = 360.0
"""Seconds in which the same event again is counted on the first one, as client-go does."""
_REMEMBERED = 2048
_WITHIN = 5.0
_NAME_LENGTH = 230  # with a dot and 16 digits it stays within the 253 of a name
_INSTANCE_LENGTH = 128


@dataclass(slots=True)
class _Series:
    name: str
    count: int
    last: float


class EventRecorder:
    """Posts events in the name of one replica (`instance`); the same event again becomes a series."""

    def __init__(
        self, client: KubeClient, instance: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._instance = instance[:_INSTANCE_LENGTH]
        self._clock = clock
        self._posted: OrderedDict[tuple[str, ...], _Series] = OrderedDict()

    async def post(
        self,
        ref: ObjectRef,
        kind: Literal["Normal", "Warning"],
        *,
        reason: ReasonWord,
        action: str,
        note: str,
    ) -> None:
        """Post an event on the object. Call it on transitions only; failures are logged.

        `reason`: why, PascalCase (`NotGranted`); `action`: what the operator did or tried (`Sync`); `note`:
        for people, with what a terminal would act on escaped, and cut to 1024 bytes.
        """
        note = _cut(printable(note))
        key = (ref.uid, kind, reason, action, note)
        try:
            if not await self._repeat(ref, key):
                await self._first(ref, key)
        except KubeError as error:
            logger.warning("Event %s on %s was not posted: %s", reason, ref, error)

    async def _repeat(self, ref: ObjectRef, key: tuple[str, ...]) -> bool:
        """Count it on the event that was posted before, and tell whether there was one."""
        series = self._posted.get(key)
        if series is None or self._clock() - series.last > SERIES_WITHIN:
            return False
        body = {"series": {"count": series.count + 1, "lastObservedTime": _micro_time()}}
        try:
            await self._client.merge(EVENTS, ref.namespace or "default", series.name, body, within=_WITHIN)
        except Gone:  # the API server forgets events after an hour
            return False
        series.count += 1
        series.last = self._clock()
        self._posted.move_to_end(key)
        return True

    async def _first(self, ref: ObjectRef, key: tuple[str, ...]) -> None:
        _, kind, reason, action, note = key
        namespace = ref.namespace or "default"
        name = f"{ref.name[:_NAME_LENGTH].rstrip('.-')}.{secrets.token_hex(8)}"
        body = {
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": _micro_time(),
            "type": kind,
            "reason": reason,
            "action": action,
            "note": note,
            "regarding": {
                "apiVersion": ref.resource.api_version,
                "kind": ref.resource.kind,
                "namespace": namespace,
                "name": ref.name,
                "uid": ref.uid,
            },
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance,
        }
        await self._client.create(EVENTS, namespace, body, within=_WITHIN)
        self._posted[key] = _Series(name, 1, self._clock())
        self._posted.move_to_end(key)
        while len(self._posted) > _REMEMBERED:
            self._posted.popitem(last=False)


def _cut(note: str) -> str:
    encoded = note.encode()
    if len(encoded) <= NOTE_BYTES:
        return note
    return encoded[: NOTE_BYTES - len("…".encode())].decode(errors="ignore") + "…"


def _micro_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
