"""The policies of a hub that suppress findings: their rounds, until nothing is left that would be written."""

import math
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from posture.aws.securityhub.client import FindingsUpdate, NoteUpdate
from posture.domain.exceptions.finding_plan import FindingAct, Write
from posture.domain.findings import FindingId, Workflow
from posture.domain.time import microseconds
from posture.hubs.hub import Hub
from posture.rehearsal.declared import Operator
from posture.suppression.findings.hub import declared_findings
from posture.suppression.findings.progress import FindingsProgress
from posture.suppression.findings.reconcile import Result, Rounds
from posture.suppression.findings.writer import FindingsWriter, Report, Taken
from posture.suppression.policy_reconciler import HubPolicies


class FindingsRehearsed(NamedTuple):
    """How far each policy would be (by namespace/name), and the findings that would be written for it."""

    progress: Mapping[str, FindingsProgress]
    suppressed: Counter[str]
    reopened: Counter[str]


class _AllAccepted:
    """A Security Hub that would take every write. None reaches it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def batch_update_findings(
        self,
        findings: Sequence[FindingId],
        *,
        workflow: Workflow | None = None,  # noqa: ARG002 - as the API
        note: NoteUpdate | None = None,  # noqa: ARG002 - as the API
        user_fields: dict[str, str] | None = None,  # noqa: ARG002 - as the API
        within: float | None = None,  # noqa: ARG002 - as the API
    ) -> FindingsUpdate:
        """Say that everything is processed."""
        return FindingsUpdate(tuple(findings), (), self._hub.now())


class _Rehearsing(FindingsWriter):
    """The operator's writer, which sends nothing and remembers what it would have sent."""

    def __init__(self, hub: Hub) -> None:
        super().__init__(_AllAccepted(hub), lambda: math.inf)
        self.done: list[Write] = []

    def is_allowed(self) -> bool:
        """Say that nothing is written: what is only rehearsed need not be read again by Id before it."""
        return False

    async def write(self, writes: Sequence[Write], taken: Callable[[Taken], Awaitable[None]]) -> Report:
        """Take writes for done."""

        async def noted(batch: Taken) -> None:
            self.done += batch.writes
            await taken(batch)

        return await super().write(writes, noted)


async def rehearse_findings(hub: Hub, everything: HubPolicies, operator: Operator) -> FindingsRehearsed:
    """Suppress and reopen as the operator would, in the hub's store alone. Raises StoreError."""
    now, longest = hub.now(), microseconds(operator.config.max_suppression_age)
    found = {each.name: each.at(now, longest) for each in everything.policies}
    policies = {name: each for name, each in found.items() if each is not None}
    declared = declared_findings(
        hub, everything, policies, operator.config, operator.identity, operator.namespaces
    )
    writer = _Rehearsing(hub)
    rounds = Rounds(hub, writer)

    async def run() -> Result:
        result = await rounds.run(declared, now, _all)
        if result is None:
            raise RuntimeError("a hub that is exact has its store open")
        return result

    result, written = await run(), -1
    while not result.complete and len(writer.done) > written:
        written = len(writer.done)
        result = await run()
    return FindingsRehearsed(
        result.progress,
        _counted(writer.done, lambda act: act >= FindingAct.SUPPRESS_AGAIN),
        _counted(writer.done, lambda act: act is FindingAct.REOPEN),
    )


async def _all(names: Collection[str]) -> set[str]:
    """Say that every policy would wait for its clean-up."""
    return set(names)


def _counted(writes: Sequence[Write], meant: Callable[[FindingAct], bool]) -> Counter[str]:
    """Count the findings of some writes, by policy."""
    distinct = {(each.policy, each.finding) for each in writes if meant(each.act)}
    return Counter(policy for policy, _ in distinct)
