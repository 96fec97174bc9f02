"""What tests, demo and bench tell the emulated Config: `/_control/config/…`, JSON in and out."""

from typing import Any, Literal

import msgspec
from aiohttp import web

from sandbox.config.finding import finding_of, sends
from sandbox.config.rules import COMPLIANT, INSUFFICIENT_DATA, NON_COMPLIANT, Evaluation, made_up
from sandbox.config.state import STATUSES, Status
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.mutations import Import, mutate

Compliance = Literal["COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA"]


class ResourceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A resource as Config names it, and what a rule says of it."""

    type: str
    id: str
    compliance: Literal["COMPLIANT", "NON_COMPLIANT"] = NON_COMPLIANT
    annotation: str = ""


class RuleRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Set what a rule (its whole name in the account) says: of `resources`, or so that it is `compliance`.

    `findings`: Config sends what changes to Security Hub, where that is on.
    """

    account: str
    region: str
    rule: str
    compliance: Compliance | None = None
    resources: list[ResourceRequest] | None = None
    findings: bool = True


class PackRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Delete a pack in one account and Region, which goes on being listed; its rules go."""

    account: str
    region: str
    pack: str


class SourceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How the last update of an aggregator's source went, in one Region.

    `source`: an account, or `Organization`. While it is not SUCCEEDED what changes there is not collected.
    `rows` false: nothing of it is shown at all.
    """

    aggregator: str
    source: str
    region: str
    status: str
    code: str = ""
    message: str = ""
    age: float = 3600.0
    rows: bool = True


class ConfigSettings(msgspec.Struct, forbid_unknown_fields=True):
    """`delay`: seconds until an aggregator shows a change. `empty_pages`: after so many pages comes one."""

    delay: float | None = None
    empty_pages: int | None = None


class ConfigControl:
    """The handlers."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    async def rule(self, request: web.Request) -> dict[str, Any]:
        """Set a rule; return how many findings changed."""
        wanted = msgspec.json.decode(await request.read(), type=RuleRequest)
        return {"findings": set_rule(self._emulator, wanted)}

    async def rules(self, request: web.Request) -> dict[str, Any]:
        """Return the rules of an `account` and `region` by their whole names, as they truly are."""
        account, region = request.query["account"], request.query["region"]
        found = {}
        for rules in self._emulator.config.places.get((account, region), ()):
            for index in range(0 if rules.deleted else len(rules.names)):
                found[rules.name(index)] = {
                    "pack": None if rules.pack is None else rules.pack.name,
                    "resources": [each._asdict() for each in rules.evaluations(index, collected=False)],
                }
        return {"rules": found}

    async def delete_pack(self, request: web.Request) -> dict[str, Any]:
        """Delete a pack."""
        wanted = msgspec.json.decode(await request.read(), type=PackRequest)
        for rules in self._emulator.config.packs(wanted.account, wanted.region):
            if rules.pack is not None and rules.pack.name == wanted.pack:
                rules.deleted = True
                return {}
        raise KeyError(f"there is no pack {wanted.pack!r} in {wanted.account}, {wanted.region}")

    async def source(self, request: web.Request) -> dict[str, Any]:
        """Set how a source fares."""
        wanted = msgspec.json.decode(await request.read(), type=SourceRequest)
        if wanted.status not in STATUSES:
            raise ValueError(f"status: {wanted.status!r} is none of {', '.join(STATUSES)}")
        config, now = self._emulator.config, self._emulator.clock.now()
        found = [each for each in config.aggregators.values() if each.name == wanted.aggregator]
        if not found:
            raise KeyError(f"there is no aggregator {wanted.aggregator!r}")
        for aggregator in found:
            if wanted.status == STATUSES[0]:
                aggregator.statuses.pop((wanted.source, wanted.region), None)
                continue
            at = now - round(wanted.age * 1_000_000)
            status = Status(wanted.status, at, wanted.code, wanted.message, wanted.rows)
            aggregator.statuses[wanted.source, wanted.region] = status
        config.settle()
        return {}

    async def settings(self, request: web.Request) -> dict[str, Any]:
        """Change settings."""
        wanted = msgspec.json.decode(await request.read(), type=ConfigSettings)
        config = self._emulator.config
        config.delay = config.delay if wanted.delay is None else wanted.delay
        config.empty_pages = config.empty_pages if wanted.empty_pages is None else wanted.empty_pages
        return {"pending": config.settle()}


def set_rule(emulator: Emulator, wanted: RuleRequest) -> int:
    """Set a rule, and send Security Hub what changes; return how many findings that are.

    Raises KeyError where there is no such rule, ValueError where it is said neither or both ways.
    """
    found = emulator.config.find(wanted.account, wanted.region, wanted.rule)
    if found is None:
        raise KeyError(f"there is no rule {wanted.rule!r} in {wanted.account}, {wanted.region}")
    rules, index = found
    before = {each[:2]: each.compliance for each in rules.evaluations(index, collected=False)}
    now = emulator.clock.now()
    evaluations = [each._replace(recorded_at=now) for each in _evaluations(wanted)]
    emulator.config.set(rules, index, evaluations)
    if not (
        wanted.findings and sends(wanted.rule) and emulator.organization.hub(wanted.account, wanted.region)
    ):
        return 0
    # A resource that complies from the first on has not changed.
    changed = [each for each in evaluations if before.get(each[:2], COMPLIANT) != each.compliance]
    time = emulator.clock.timestamp()
    findings = (
        finding_of(wanted.account, wanted.region, wanted.rule, each, created_at=time, updated_at=time)
        for each in changed
    )
    return sum(mutate(emulator, [Import(finding) for finding in findings]))


def _evaluations(wanted: RuleRequest) -> list[Evaluation]:
    if (wanted.resources is None) == (wanted.compliance is None):
        raise ValueError("say either compliance or resources")
    if wanted.resources is not None:
        return [
            Evaluation(each.type, each.id, each.compliance, annotation=each.annotation)
            for each in wanted.resources
        ]
    compliance = wanted.compliance or INSUFFICIENT_DATA
    return list(made_up(wanted.account, wanted.region, wanted.rule, compliance))
