"""The series of one target: scores are rendered once for each evaluation, the rest when it changes."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from posture.domain.scoring.evaluation import Evaluation
from posture.publish.prometheus.exposition import Exposition, Page, Samples, rendered
from posture.publish.prometheus.families import Family
from posture.publish.prometheus.samples import (
    Restored,
    evaluation_samples,
    restored_samples,
    timestamp_samples,
)


class Shown(NamedTuple):
    """The evaluation that is published, and what it was made of.

    The same `key` gives the same numbers. `scope`: digest of what is scored. `exact_at`: µs. `missing`:
    chosen standards that are enabled nowhere; they are not in the evaluation. `polled_in`: the hub's term in
    which it was polled for them; None where they are of what a new holder found in its store.
    """

    key: tuple[object, ...]
    scope: str
    evaluation: Evaluation
    exact_at: int
    missing: tuple[str, ...] = ()
    polled_in: int | None = None

    @property
    def pooled(self) -> bool:
        """Whether there is a score over all chosen standards: not over some of them."""
        return not self.missing


class _Maker(NamedTuple):
    """Makes the samples of scores; the same `identity` makes the same."""

    identity: tuple[object, ...]
    make: Callable[[], Samples]


class TargetPage:
    """What the metrics page shows of one target; `valid` is asked at each scrape whether it still may."""

    def __init__(self, exposition: Exposition, namespace: str, name: str, uid: str) -> None:
        self._exposition = exposition
        self._own = (namespace, name)
        self._scores, self._state = ("target scores", uid), ("target state", uid)
        self._rendered: tuple[object, ...] | None = None
        self._lines: Mapping[Family, Page] = {}

    async def show(
        self,
        state: Samples,
        scores: Shown | Restored | None,
        *,
        per_control: bool,
        valid: Callable[[], float],
    ) -> None:
        """Publish the state (conditions, objectives) and scores: new ones, those of the status, or none.

        All at one stroke: a scrape never sees scores beside the timestamp of those before them.
        """
        made = None
        if scores is not None:
            state = {**state, **timestamp_samples(*self._own, scores.exact_at)}
            made = self._maker(scores, per_control=per_control)
        lines: Mapping[Family, Page] = {}
        if made is not None:
            lines = self._lines
            if not _same(self._rendered, made.identity):
                lines = await asyncio.to_thread(_rendered, made.make)
        state_lines = await asyncio.to_thread(rendered, state)
        self._rendered, self._lines = None if made is None else made.identity, lines
        # Also where they are the same: what said no for a moment has been withdrawn, and `valid` may be new.
        self._exposition.publish(self._scores, lines, valid)
        self._exposition.publish(self._state, state_lines, valid)

    def _maker(self, scores: Shown | Restored, *, per_control: bool) -> _Maker:
        if isinstance(scores, Shown):
            make = partial(
                evaluation_samples,
                *self._own,
                scores.evaluation,
                pooled=scores.pooled,
                per_control=per_control,
            )
            return _Maker((scores.evaluation, scores.pooled, per_control), make)
        return _Maker((scores,), partial(restored_samples, *self._own, scores))

    def withdraw(self) -> None:
        """Show nothing any more."""
        self._exposition.withdraw(self._scores)
        self._exposition.withdraw(self._state)
        self._rendered, self._lines = None, {}


def _rendered(make: Callable[[], Samples]) -> Mapping[Family, Page]:
    return rendered(make())


def _same(known: tuple[object, ...] | None, identity: tuple[object, ...]) -> bool:
    # An evaluation is told by identity: comparing the numbers of a large one costs as much as rendering it.
    if known is None or len(known) != len(identity):
        return False
    return known[0] is identity[0] and known[1:] == identity[1:]
