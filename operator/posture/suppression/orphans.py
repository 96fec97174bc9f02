"""Policies whose target is missing, or is not evaluated: nothing can be done for them but to say so."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from posture.api.model import Metadata
from posture.domain.time import instant_of
from posture.kube.leadership import Leading
from posture.kube.resources import Object
from posture.reconcile.context import Context
from posture.suppression.cleanup import PolicyCleanup
from posture.suppression.conditions import HubState, PolicyCase
from posture.suppression.declared import Declared
from posture.suppression.leaving import Deletion
from posture.suppression.reporting import PolicyReporter, ReportedPolicy

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
            ReportedPolicy(
                PolicyCase(each, None, state, None, now),
                Metadata.model_validate(each.document["metadata"]).requested_at,
            )
            for each in policies
        ]
        await self._reporter.report(cases)
        gone = await self._cleanup.let_go([Deletion(each.case) for each in cases], now)
        await self._cleanup.release_targets(targets, [*policies, *undone], gone, now)
