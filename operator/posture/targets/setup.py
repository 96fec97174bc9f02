"""What a target says of how its organization is set up: `status.organization`, and the metric of it.

What the hub says of itself is judged with what findings and the organization say of accounts; none is named
that the target may not see.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from posture.api.targets.status import OrganizationCheck
from posture.aws.client.errors import HubNotEnabled
from posture.aws.securityhub.discovery import HubFacts
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.setup.accounts import judge_members
from posture.domain.setup.facts import HubSetup
from posture.domain.setup.judgements import judge_hub_off, judge_hub_setup
from posture.domain.setup.recorders import Recorders, judge_recorders
from posture.domain.setup.results import SetupCheck, SetupResult
from posture.domain.standards import Controls
from posture.domain.time import microseconds
from posture.hubs.hub import Hub
from posture.publish.reports import Shown
from posture.reconcile.access import Admitted
from posture.reconcile.scope import account_filter, organization_of
from posture.sources.findings_view import FindingsView

_ORDER = tuple(SetupCheck)


class TargetSetup:
    """What is known of the set-up; judged anew when anything that it rests on has changed."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._results: Sequence[SetupResult] | None = None

    @property
    def told(self) -> Mapping[str, bool]:
        """Whether each part is as it should be; parts of which that is not known are left out."""
        known = {each.check.value: each.good for each in self._results or ()}
        return MappingProxyType({check: good for check, good in known.items() if good is not None})

    def forget(self) -> None:
        """Know nothing any more: another hub may be asked, or other accounts may be seen."""
        self._key, self._results = (), None

    async def fields(self, hub: Hub, admitted: Admitted, shown: Shown | None) -> dict[str, Any]:
        """Return the field of the status; none while it is not known: what was told before is told on.

        `shown`: what this replica has found out. Raises StoreError.
        """
        status = hub.status
        organization = organization_of(admitted, status.organizations)
        evaluation = None if shown is None else shown.evaluation
        off = status.error if isinstance(status.error, HubNotEnabled) else None
        spec = admitted.target.spec
        declared = (admitted.accounts, spec.accounts, spec.scoring)
        known = (status.facts, status.version, str(off), organization.version)
        key = (hub, *declared, *known, id(evaluation))
        if key != self._key:
            self._results = None
            if off is not None:
                self._results = judge_hub_off(off.message, off.advice)
            elif status.facts is not None and status.facts.setup is not None:
                seen = account_filter(admitted)
                recorders = await hub.look(
                    partial(_recorders, hub.controls(), seen, microseconds(spec.scoring.evaluation_window))
                )
                usable = [each for each in organization.accounts if not organization.is_unusable(each)]
                self._results = _judged(status.facts, status.facts.setup, seen, usable, evaluation, recorders)
            self._key = key
        if self._results is None:
            return {}
        entries = (
            OrganizationCheck(check=each.check, status=each.standing, message=each.text)
            for each in self._results
        )
        return {"organization": tuple(entries)}


def _judged(
    facts: HubFacts,
    setup: HubSetup,
    seen: AccountFilter,
    listed: Sequence[str],
    evaluation: Evaluation | None,
    recorders: Recorders | None,
) -> list[SetupResult]:
    """Judge each part, in order. `listed`: accounts of the organization that can be used."""
    named = setup._replace(apart={each: why for each, why in setup.apart.items() if _may_see(seen, each)})
    missing = [each for each in listed if each not in facts.members and _may_see(seen, each)]
    found = [
        *judge_hub_setup(named, facts.account_id, facts.region, facts.finding_format),
        judge_members(
            named,
            missing if facts.administrator else (),
            None if evaluation is None else evaluation.silent,
        ),
        judge_recorders(named, recorders),
    ]
    return sorted(found, key=lambda each: _ORDER.index(each.check))


def _may_see(seen: AccountFilter, account_id: str) -> bool:
    return seen.standing(account_id) is AccountStanding.TARGETED


def _recorders(
    controls: Controls, accounts: AccountFilter, window: int, findings: FindingsView
) -> Recorders | None:
    return findings.recorders(controls, accounts, window)
