"""Puts the engine of a hub together."""

from collections.abc import Callable

from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.clearance import Clearance
from posture.remediation.engine.executor import Executor, Told
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.round import Round
from posture.remediation.engine.workflow import FindingsWorkflow


def round_of(
    context: Context,
    hub: Hub,
    *,
    seconds_left: Callable[[], float],
    told: Told,
    live: LiveResources | None = None,
) -> Round:
    """Return what carries out the rules of a hub; see `Executor` for `seconds_left` and `told`.

    `live`: how resources are looked at; None: as AWS has them.
    """
    cloud = context.security_hub(hub.key)
    journal = RemediationJournal(context.client, context.writers, context.namespaces)
    accounts = Accounts(context, hub.key)
    live = live or LiveResources(accounts)
    executor = Executor(
        context,
        hub,
        journal,
        accounts,
        live,
        Clearance(context, hub, cloud, live, journal),
        seconds_left=seconds_left,
        told=told,
    )
    return Round(context, hub, cloud, journal, live, executor, FindingsWorkflow(cloud, seconds_left))
