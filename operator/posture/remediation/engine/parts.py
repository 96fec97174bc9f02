"""Puts the engine of a hub together."""

from collections.abc import Callable

from posture.hubs.hub import Hub
from posture.reconcile.context import Context
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.clearance import Clearance
from posture.remediation.engine.document_runs import DocumentRuns
from posture.remediation.engine.executor import Executor, Ways
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.looking import LivePlans
from posture.remediation.engine.moves import Moves, Told
from posture.remediation.engine.round import Round
from posture.remediation.engine.settling import FindingsSettling
from posture.remediation.engine.undoing import Undoing
from posture.remediation.engine.workflow import FindingsWorkflow
from posture.remediation.engine.writing import Writing
from posture.remediation.member import Aws


def round_of(
    context: Context,
    hub: Hub,
    *,
    seconds_left: Callable[[], float],
    lease_left: Callable[[], float],
    told: Told,
    live: LiveResources | None = None,
    accounts: Accounts | None = None,
) -> Round:
    """Return what carries out the rules of a hub.

    `seconds_left`: how long a write may last now; 0: nothing may be written. `lease_left`: the same for a
    call that only stops what goes on. `told`: tells people what an entry has come to.
    `live`, `accounts`: how resources are looked at, and who reads and writes them; None: as AWS has them.
    """
    cloud = context.security_hub(hub.key)
    journal = RemediationJournal(context.client, context.writers, context.namespaces)
    aws = Aws(context.sessions, context.limiters, context.usage)
    accounts = accounts or Accounts(aws, context.config.current, hub.key)
    live = live or LiveResources(accounts)
    clearance = Clearance(context, hub, cloud, live, journal)
    moves = Moves(hub, journal, told)
    runs = DocumentRuns(
        context,
        hub,
        journal,
        accounts,
        clearance,
        moves,
        seconds_left=seconds_left,
        lease_left=lease_left,
    )
    writing = Writing(hub, journal, accounts, clearance, moves, seconds_left=seconds_left)
    undoing = Undoing(context, hub, journal, accounts, moves, seconds_left=seconds_left)
    ways = Ways(runs, writing, undoing)
    executor = Executor(context, hub, journal, accounts, live, clearance, ways, seconds_left=seconds_left)
    workflow = FindingsWorkflow(cloud, seconds_left)
    settling = FindingsSettling(context, hub, journal, workflow, told)
    plans = LivePlans(cloud, live, context.config.current)
    return Round(hub, journal, plans, executor, settling)
