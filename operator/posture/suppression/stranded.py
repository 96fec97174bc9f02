"""Policies whose target is missing, or is not evaluated: nothing can be done for them but to say so."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from posture.api.model import Metadata
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.domain.moments import instant_of
from posture.kube.leases import Leading
from posture.kube.resources import Object
from posture.suppression import controls_status, policy_status
from posture.suppression.cleanup import Cleanup
from posture.suppression.declared import Declared
from posture.suppression.leaving import Leaving
from posture.suppression.policy_conditions import Case
from posture.suppression.reporting import Reported, Reporter
from posture.suppression.standing import HubState
from posture.world import World

logger = logging.getLogger(__name__)


class Stranded:
    """Writes their status, and lets them go in time, while this replica is `leading`."""

    def __init__(self, world: World, leading: Leading) -> None:
        self._world = world
        self._leading = leading
        self._cleanup = Cleanup(world, leading)
        self._reporter = Reporter(
            world, ("suppression", ""), leading, self._cleanup.newest, status_of=_status_of
        )

    async def settle(
        self, policies: Sequence[Declared], targets: Sequence[Object], undone: Sequence[Declared] = ()
    ) -> None:
        """Report on these policies, and let go of them and of these targets where their time is over.

        `undone`: policies of these targets that hubs undo; the targets wait for them too.
        """
        self._cleanup.newest.keep([*(each.document for each in (*policies, *undone)), *targets])
        if not self._leading():
            self._reporter.end()
            return
        # There is no hub whose clock could be asked.
        now = instant_of(datetime.now(UTC))
        state = HubState(frozen=self._world.config.current().frozen)
        cases = [
            Reported(
                Case(each, None, state, None, now),
                Metadata.model_validate(each.document["metadata"]).requested_at,
            )
            for each in policies
        ]
        await self._reporter.report(cases)
        gone = await self._cleanup.let_go([Leaving(each.case) for each in cases], now)
        await self._cleanup.release_targets(targets, [*policies, *undone], gone, now)


def _status_of(before: SuppressionPolicyStatus, case: Case, handled: str | None) -> SuppressionPolicyStatus:
    if case.declared.suppresses:
        return policy_status.status_of(before, case, handled)
    return controls_status.status_of(before, case, handled)
