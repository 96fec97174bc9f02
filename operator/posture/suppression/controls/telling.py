"""What outputs are told of controls that policies turned off: each place, from when it is off until it is on.

It is told by what policies remember, which outlives the process: what was switched before a crash is told by
the next round.
"""

from collections.abc import Collection, Mapping

import msgspec

from posture.domain.outbox import EventKind, StatedChange
from posture.domain.scoring.evaluation import TurnedOff
from posture.publish.sink import OutboxHub
from posture.sources.findings_view import FindingsView

_PREFIX = "control\n"


async def tell_switches(
    hub: OutboxHub, records: Mapping[str, Collection[TurnedOff]], targets: Mapping[str, str], now: int
) -> None:
    """Put into a hub's outbox what is switched otherwise than was told. Raises StoreError.

    `records`: by policy where it has turned off a control; `targets`: by policy its target, both as
    namespace/name.
    """
    off = {
        _PREFIX + "\n".join((targets[policy], policy, *place))
        for policy, places in records.items()
        if policy in targets
        for place in places
    }

    def state(findings: FindingsView) -> int:
        outbox = findings.outbox
        if not outbox.wants(EventKind.EXCEPTION):
            return 0
        ended = [_statement(each, now, gone=True) for each in outbox.told(_PREFIX) if each not in off]
        return outbox.state([*ended, *(_statement(each, now, gone=False) for each in sorted(off))], now)

    await hub.look(state)


def _statement(subject: str, now: int, *, gone: bool) -> StatedChange:
    """Return what is told of a place; all of it is in the subject."""
    target, policy, standard, control, account_id, region = subject.removeprefix(_PREFIX).split("\n")
    told = {
        "exception": "Control",
        "state": "Ended" if gone else "TurnedOff",
        "policy": policy,
        "target": target.partition("/")[2],
        "standard": standard,
        "control": control,
        "accountId": account_id,
        "region": region,
    }
    return StatedChange(subject, EventKind.EXCEPTION, target, msgspec.json.encode(told), now, gone=gone)
