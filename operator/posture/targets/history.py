"""The points of a target's score: hourly in the store of its hub, one a day in its status.

They are kept in the store by day, so that a point costs one short text, and outlive the store by the status:
what the store lacks of that is put back. A score of another scope has a history of its own.
"""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby

from posture.domain.objectives.trend import KEPT, Point, merged, needed, point_is_due, point_of
from posture.domain.scoring.scores import Score
from posture.domain.time import DAY, SECOND
from posture.hubs.hub import Hub
from posture.sources.findings_view import FindingsView

_PREFIX = "trend/"


class ScoreHistory:
    """The points of one target's headline score, of which the status tells some. `uid`: its object's."""

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self._of: tuple[object, ...] | None = None
        self._scope = ""
        self._points: tuple[Point, ...] = ()

    async def follow(
        self, hub: Hub, scope: str, told: Sequence[Point], exact_at: int, score: Score, window: int
    ) -> tuple[Point, ...]:
        """Take a point where one is due; return those that a comparison over `window` can be with.

        `scope`: the digest of what is scored. `told`: what the status has. Raises StoreError.
        """
        if scope != self._scope:
            self._scope, self._points, self._of = scope, (), None
        of = (hub, hub.status.term, hub.status.store_replaced, window)
        if of != self._of:
            known = merged(self._points, told, until=hub.now())
            stored = await hub.look(partial(_stored, f"{_PREFIX}{self._uid}/{scope}/"))
            if stored is None:
                return needed(known, exact_at, window)
            missing = [point for point in known if point not in set(stored)]
            if missing:
                await self._keep(hub, missing)
            self._points, self._of = merged(known, stored, until=hub.now()), of
        if point_is_due(self._points, exact_at):
            point = point_of(exact_at, score)
            await self._keep(hub, [point])
            self._points = (*self._points, point)
        self._points = needed(self._points, exact_at, window)
        return self._points

    async def _keep(self, hub: Hub, points: Sequence[Point]) -> None:
        prefix = f"{_PREFIX}{self._uid}/{self._scope}/"
        await hub.look(partial(_keep, prefix, tuple(points), hub.now() - KEPT))


def _stored(prefix: str, findings: FindingsView) -> list[Point]:
    return [point for text in findings.kept.states(prefix).values() for point in _read(text)]


def _keep(prefix: str, points: Iterable[Point], before: int, findings: FindingsView) -> None:
    """Add points to those of their days; of a new day with it forget what is older than `before`."""
    state: dict[str, str | None] = {}
    for day, those in groupby(sorted(points), key=lambda point: point.at // DAY):
        key = f"{prefix}{day}"
        known = findings.kept.state(key)
        if known is None:
            state |= dict.fromkeys(_outdated(findings, before // DAY))
        every = sorted({*those, *(_read(known) if known else ())})
        state[key] = json.dumps([(point.at // SECOND, *point.score) for point in every])
    findings.kept.put_state(state)


def _outdated(findings: FindingsView, first_day: int) -> list[str]:
    return [key for key in findings.kept.states(_PREFIX) if int(key.rpartition("/")[2]) < first_day]


def _read(text: str) -> list[Point]:
    return [Point(at * SECOND, Score(passed, scored)) for at, passed, scored in json.loads(text)]
