"""Policies whose target is missing, or is not evaluated: nothing can be done for them but to say so.

Policies with `Retain` that went while nothing could be written: their marks are taken off later.

A mark says itself that it is to stay suppressed, unless `Retain` was declared after the writes were frozen.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from posture.api.model import Metadata
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.selection.selectors import Selection
from posture.domain.time import instant_of
from posture.kube.leadership import Leading
from posture.kube.resources import Object
from posture.reconcile.context import Context
from posture.store.interface import KeptState
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.conditions import HubState, PolicyCase
from posture.suppression.declared import Declared
from posture.suppression.leaving import Deletion
from posture.suppression.reporting import PolicyReporter, Reported

logger = logging.getLogger(__name__)


class Stranded:
    """Writes their status, and lets them go in time, while this replica is `leading`."""

    def __init__(self, context: Context, leading: Leading) -> None:
        self._context = context
        self._leading = leading
        self._cleanup = PolicyCleanup(context, leading)
        self._reporter = PolicyReporter(context, ("suppression", ""), leading, self._cleanup.objects)

    async def settle(
        self, policies: Sequence[Declared], targets: Sequence[Object], undone: Sequence[Declared] = ()
    ) -> None:
        """Report on these policies, and let go of them and of these targets where their time is over.

        `undone`: policies of these targets that hubs undo; the targets wait for them too.
        """
        self._cleanup.objects.keep([*(each.document for each in (*policies, *undone)), *targets])
        if not self._leading():
            self._reporter.end()
            return
        # There is no hub whose clock could be asked.
        now = instant_of(datetime.now(UTC))
        state = HubState(frozen=self._context.config.current().frozen)
        cases = [
            Reported(
                PolicyCase(each, None, state, None, now),
                Metadata.model_validate(each.document["metadata"]).requested_at,
            )
            for each in policies
        ]
        await self._reporter.report(cases)
        gone = await self._cleanup.let_go([Deletion(each.case) for each in cases], now)
        await self._cleanup.release_targets(targets, [*policies, *undone], gone, now)


_KEY = "suppression.retained"
_NOTHING = Selection((), ())


def remember(kept: KeptState, names: Iterable[str]) -> None:
    """Remember policies (namespace/name) that are gone and leave their findings suppressed."""
    _put(kept, _names(kept) | set(names))


def forget(kept: KeptState, names: Collection[str]) -> None:
    """Forget policies that have no marks any longer."""
    if known := _names(kept):
        _put(kept, known - set(names))


def retained(kept: KeptState, declared: Sequence[Policy]) -> list[Policy]:
    """Return the policies that went so, as the rules take them, but for names that are declared again.

    What one of these has marked is from then on the business of the policy that has the name now.
    """
    names = _names(kept)
    again = {each.terms.policy for each in declared if each.terms.deleted_at is None} & names
    if again:
        forget(kept, again)
    return [
        Policy(
            terms=Terms(name, "", "", expires_at=1, created_at=0, deleted_at=0, retain=True),
            phase=Phase.RETAINED,
            scope="",
            selection=_NOTHING,
            max_findings=0,
        )
        for name in sorted(names - {each.terms.policy for each in declared})
    ]


def _names(kept: KeptState) -> set[str]:
    stored = kept.state(_KEY)
    return set() if stored is None else msgspec.json.decode(stored, type=set[str])


def _put(kept: KeptState, names: set[str]) -> None:
    kept.put_state({_KEY: msgspec.json.encode(sorted(names)).decode() if names else None})
