"""Looking at a target once: its hub is read as the operator reads it, and nothing is written to AWS."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeVar

import click

from posture import logs
from posture.api.resource import InvalidObject, parse
from posture.api.targets.kind import PostureTarget
from posture.aws.client.errors import AwsError
from posture.aws.securityhub.discovery import HubFacts
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.progress import Progress
from posture.cli.terminal import TIMED_OUT, complain
from posture.config.model import Config
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.scoring.finding_states import FindingStates
from posture.domain.standards import ControlStatus
from posture.domain.time import cutoff, microseconds
from posture.hubs.hub import Hub
from posture.kube.resources import Object
from posture.once import hub_read_once
from posture.reconcile.access import Admitted, hub_key
from posture.reconcile.scope import chosen_standards, demand_of, view_of
from posture.sources.findings_view import FindingsView
from posture.store.errors import StoreError
from posture.targets.evaluating import Found, evaluate_target
from posture.targets.situation import notes_of

_T = TypeVar("_T")


class CannotLook(Exception):  # noqa: N818 - the message says why
    """There is no target to look at, until somebody has done something."""


class LookedAt(NamedTuple):
    """A target, and what is declared for it; `document`: None where options describe it, without a cluster.

    `turned_off`: what its policies turned off, as far as their statuses tell.
    """

    admitted: Admitted
    config: Config
    document: Object | None = None
    policies: Sequence[Object] = ()
    turned_off: Mapping[TurnedOff, ControlStatus] = {}


@dataclass(frozen=True, slots=True)
class Sight:
    """A target, at a moment for which everything about it is exact."""

    hub: Hub
    target: LookedAt
    facts: HubFacts
    found: Found

    @property
    def admitted(self) -> Admitted:
        """The target."""
        return self.target.admitted

    def view(self) -> View:
        """Return the target's view of its hub."""
        spec = self.admitted.target.spec
        chosen = chosen_standards(spec, self.facts)
        view = view_of(self.admitted, self.facts, self.hub.controls(), chosen.all)
        return view._replace(turned_off=self.target.turned_off)

    def states(self) -> FindingStates:
        """Return how the target counts findings."""
        window = microseconds(self.admitted.target.spec.scoring.evaluation_window)
        return FindingStates(self.view(), cutoff(self.found.evaluated.exact_at, window))

    async def read(self, function: Callable[[FindingsView], _T]) -> _T:
        """Run a function on what is known, in the thread of the hub.

        Raises StoreError where the function does, and CannotLook where its store was lost meanwhile: nothing
        is to be concluded from that.
        """
        done: list[_T] = []
        await self.hub.look(lambda known: done.append(function(known)))
        if not done:
            raise CannotLook("what was read of Security Hub was lost before it was looked at: run this again")
        return done[0]

    def notes(self) -> list[str]:
        """Return what a reader should know beside what is printed."""
        notes = [*self.admitted.raised, *notes_of(self.admitted, self.facts)]
        if self.found.missing:
            missing = ", ".join(self.found.missing)
            notes.append(f"enabled nowhere, so there is no score over all: {missing}")
        return notes


def look(asked: ReadingOptions, work: Callable[[Sight], Awaitable[_T]], *, without: str) -> _T:
    """Read the hub of a target, then do some work with what is known of it.

    Ends with 1, 2 or 124 where that cannot be done. `without`: what there is not then (`there is no score`).
    """
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    try:
        return asyncio.run(_look(asked, work))
    except (AwsError, StoreError, CannotLook) as error:
        complain(error)
        sys.exit(1)
    except TimeoutError:
        complain(f"Security Hub was not read within {asked.within}: {without}")
        sys.exit(TIMED_OUT)


async def _look(asked: ReadingOptions, work: Callable[[Sight], Awaitable[_T]]) -> _T:
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(prefix="posture-")))
        async with asyncio.timeout(asked.within.total_seconds() if asked.within else None):
            target = await asked.looked_at()
            folder = asked.cache or scratch
            folder.mkdir(parents=True, exist_ok=True)
            with Progress() as progress:
                read = await stack.enter_async_context(
                    hub_read_once(
                        target.admitted.hub,
                        [demand_of(target.admitted)],
                        folder,
                        quota_share=target.config.quota_share,
                        told=progress.told,
                    )
                )
            sight = await _sight(read.hub, target)
        return await work(sight)


async def _sight(hub: Hub, target: LookedAt) -> Sight:
    facts = hub.status.facts
    found = None
    if facts is not None:
        found = await evaluate_target(hub, target.admitted, facts, target.turned_off)
    if facts is None or found is None:
        raise RuntimeError("a hub that is exact knows what it is, and has an evaluation")
    return Sight(hub, target, facts, found)


def target_described(asked: ReadingOptions) -> LookedAt:
    """Return the target that options describe. Raises UsageError."""
    document = {"metadata": {"name": "once", "namespace": "none"}, "spec": asked.spec}
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        raise click.UsageError("; ".join(each.removeprefix("spec.") for each in error.problems)) from None
    key = hub_key(target.spec, asked.external_id)
    return LookedAt(Admitted(target, key, ("*",)), Config())
