"""All RemediationRules of this replica: each with its hub, or with none."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from posture.api.model import Metadata
from posture.domain.time import instant_of
from posture.hubs.demand import HubKey
from posture.hubs.hub import Hub
from posture.kube.errors import KubeError
from posture.kube.leadership import Leading
from posture.kube.object_cache import ObjectCache
from posture.kube.resources import Object, target_name_of
from posture.logs import bound
from posture.reconcile.access import Admitted
from posture.reconcile.context import Context
from posture.reconcile.declared import Admissions, targets_of
from posture.reconcile.tasks import ReconcilerTasks
from posture.remediation.conditions import RuleCase
from posture.remediation.declared import DeclaredRule, declare_rule
from posture.remediation.engine.entries import Change, read_entry
from posture.remediation.engine.journal import RemediationJournal
from posture.remediation.engine.round import needs_a_step
from posture.remediation.hub import HubRemediation, HubRules
from posture.remediation.policies import Policies, PolicyReader
from posture.remediation.reporting import ReportedRule, RuleReporter

logger = logging.getLogger(__name__)


class RemediationTasks:
    """A task for each hub. `general`: whether this replica looks after rules that have no hub."""

    def __init__(self, context: Context, general: Leading) -> None:
        self._context = context
        self._general = general
        self._objects = ObjectCache()
        self._stranded = RuleReporter(context, ("remediation", ""), general, self._objects)
        self._tasks = ReconcilerTasks(self._reconcilers, self._targets_of)
        self._reader = PolicyReader()
        self._journal = RemediationJournal(context.client, context.writers, context.namespaces)
        self._rules: Sequence[DeclaredRule] = ()
        self._policies = Policies({}, {})
        self._admissions: Admissions = {}
        self._remediations: Sequence[Object] = ()

    def declare(
        self,
        rules: Iterable[Object],
        policies: Iterable[Object],
        remediations: Sequence[Object],
        admissions: Admissions,
    ) -> None:
        """Take what is declared: rules, SuppressionPolicies, Remediations and targets, each listed whole."""
        config = self._context.config.current()
        self._policies = self._reader.read(policies)
        self._rules = [declare_rule(document, admissions, config) for document in rules]
        self._admissions = admissions
        self._remediations = remediations

    async def settle(self, hubs: Mapping[HubKey, Hub]) -> None:
        """Give each hub its rules, begin or end its task, and tell of the rules that have no hub."""
        for key, (rules,) in await self._tasks.settle(hubs):
            rules.update(self._everything(key))
        await self._settle_stranded([each for each in self._rules if each.hub not in hubs])
        await self._settle_left_behind()

    async def stop(self) -> None:
        """End all tasks."""
        await self._tasks.stop()

    def _reconcilers(self, hub: Hub) -> tuple[HubRemediation]:
        return (HubRemediation(self._context, hub),)

    def _targets_of(self, key: HubKey) -> dict[str, Admitted]:
        """Return the targets that look at a hub, by namespace/name."""
        return {name: admitted for name, (_, admitted) in targets_of(self._admissions, key).items()}

    def _everything(self, key: HubKey) -> HubRules:
        targets = self._targets_of(key)
        return HubRules(
            [each for each in self._rules if each.hub == key],
            targets,
            self._policies,
            [each for each in self._remediations if target_name_of(each) in targets],
        )

    async def _settle_stranded(self, rules: Sequence[DeclaredRule]) -> None:
        self._objects.keep(each.document for each in rules)
        if not self._general():
            self._stranded.end()
            return
        # There is no hub whose clock could be asked, and nothing to run but this.
        now = instant_of(datetime.now(UTC))
        await self._stranded.report(
            [
                ReportedRule(
                    RuleCase(each, None, None, "", now),
                    Metadata.model_validate(each.document["metadata"]).requested_at,
                )
                for each in rules
            ]
        )

    async def _settle_left_behind(self) -> None:
        """Tell of remediations that somebody waits for, and whose target has no hub that could act."""
        if not self._general():
            return
        here = {name for name, (_, admission) in self._admissions.items() if isinstance(admission, Admitted)}
        now = instant_of(datetime.now(UTC))
        for document in self._remediations:
            if target_name_of(document) in here:
                continue
            entry = read_entry(document, now)
            if not needs_a_step(entry) or entry.entry.state is None:
                continue
            message = (
                f"PostureTarget {entry.target} is not evaluated, and nothing is written without it: see its"
                " condition Ready, or make it again."
            )
            with bound(remediation=entry.name, target=entry.target):
                try:
                    if not any(each.message == message for each in entry.status.conditions):
                        change = Change(entry.entry.state, message, now, stands="TargetNotReady")
                        entry = await self._journal.change(entry, change)
                    await self._journal.answer(entry)
                except KubeError as error:
                    logger.warning("The status could not be written; trying again: %s", error)
