"""The rules of a hub: their plans, as far as findings tell, or with the resources read live."""

import asyncio
from collections.abc import Mapping

from posture.aws.client.sessions import Identity
from posture.domain.remediation.journal import Journal
from posture.domain.remediation.plan import Plan
from posture.domain.time import SECOND
from posture.once import HubRead
from posture.reconcile.scope import HubView
from posture.rehearsal.declared import Operator
from posture.remediation.engine.accounts import Accounts
from posture.remediation.engine.entries import read_entry
from posture.remediation.engine.live import LiveResources
from posture.remediation.engine.looking import LivePlans
from posture.remediation.histories import Histories
from posture.remediation.hub import HubRules
from posture.remediation.member import Aws
from posture.remediation.planning import Moment, plan_of
from posture.remediation.survey import Picture, Survey, Surveyed
from posture.sources.findings_view import FindingsView


async def rehearse_rules(
    read: HubRead, everything: HubRules, operator: Operator, *, live: bool
) -> Mapping[str, Plan]:
    """Plan the rules, by namespace/name; `live`: what they would touch is read. Raises StoreError."""
    if not everything.asked.rules:
        return {}
    hub = read.hub
    picture = await _picture(read, everything)
    cycle = hub.status.exact_at or hub.now()
    journal = Journal(read_entry(each, hub.now()).entry for each in everything.remediations)
    accounts = Accounts(Aws(read.sessions, read.limiters, read.usage), lambda: operator.config, hub.key)
    cloud = read.security_hub(_identity(read))
    plans = LivePlans(cloud, LiveResources(accounts), lambda: operator.config)

    async def planned(name: str, surveyed: Surveyed) -> Plan:
        if live:
            return await plans.plan(name, surveyed, journal, hub.now(), cycle)
        return await asyncio.to_thread(plan_of, surveyed, Moment(hub.now(), cycle, journal), {})

    return {name: await planned(name, surveyed) for name, surveyed in picture.rules.items()}


async def _picture(read: HubRead, everything: HubRules) -> Picture:
    """Survey what the rules select; of what waits for its delay alone the histories are asked for."""
    hub, asked = read.hub, everything.asked
    status, survey = hub.status, Survey()
    if status.facts is None:
        raise RuntimeError("a hub that is exact knows what it is")
    off, organizations = status.turned_off or {}, status.organizations
    view = HubView(status.facts, hub.controls(), hub.names(), off, organizations=organizations)
    interval = int((status.interval_seconds or 0) * SECOND)
    histories = Histories(read.security_hub(_identity(read)))

    def look(known: FindingsView) -> Picture:
        seen = view._replace(told=known.told_standards())
        return survey.look(known, seen, asked, hub.now(), interval, histories.answers)

    while True:
        picture = await hub.look(look)
        if picture is None:
            raise RuntimeError("a hub that is exact has its store open")
        if not picture.questions or not await histories.ask(picture.questions, picture.watched_since):
            return picture


def _identity(read: HubRead) -> Identity:
    key = read.hub.key
    return Identity(key.role_arn, key.external_id, key.region)
