"""AWS Config beside the small organization: packs, rules, an aggregator, a hub over it, and what is true."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.aws.client.limiter import Limiters
from posture.aws.client.sessions import Identity
from posture.aws.config.client import AggregatorClient
from posture.domain.findings import CheckSource
from posture.domain.scoring.evaluation import AccountScope, Evaluation
from posture.domain.scoring.scores import Scores
from posture.hubs.demand import Demand, HubKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.reconcile.access import Admitted
from posture.reconcile.scope import chosen_standards, demand_of, followed_of, view_of
from posture.sources.config.source import ConfigAggregators
from posture.sources.findings_view import Evaluated
from posture.store.sqlite.stores import SqliteStores
from sandbox.config.control import ResourceRequest, RuleRequest, set_rule
from sandbox.config.rules import compliance_of
from sandbox.config.seed import SeedConfig, apply_config
from sandbox.securityhub.mutations import Workflow, mutate
from tests.support.hubs.living import WINDOW, administrator
from tests.support.hubs.world import ADMINISTRATOR, MEMBERS, REGION, REGIONS, World
from tests.support.oracle.config_rules import NOTHING, ScopeAnswer, TrueRule, answers

ACCOUNTS = (ADMINISTRATOR, *MEMBERS)
PACK, OTHER, DELETED = "OrgConformsPack-baseline-a1b2c3d4", "storage", "last-year"
RULES = ("s3-bucket-versioning-enabled", "iam-user-mfa-enabled", "ec2-imdsv2-check", "access-keys-rotated")
ALONE = ("my-own-rule", "s3-bucket-versioning-enabled")
KEY = HubKey(None, None, REGION, CheckSource.CONFIG, "org")
_SEED: dict[str, Any] = {
    "aggregators": [{"name": "org", "account": ADMINISTRATOR, "region": REGION, "accounts": list(ACCOUNTS)}],
    "packs": [
        {"name": PACK, "rules": list(RULES)},
        {"name": OTHER, "rules": list(RULES[:1])},
        {"name": DELETED, "rules": list(RULES[:3]), "deleted": True},
    ],
    "rules": list(ALONE),
    "failing": 0.0,
    "without_results": 0.0,
}


def seed_config(world: World, **changes: Any) -> None:
    """Set Config up."""
    seed = msgspec.convert({**_SEED, **changes}, SeedConfig)
    apply_config(world.emulator.config, seed, ACCOUNTS, REGIONS)


def whole_name(world: World, rule: str, pack: str = PACK, *, account: str, region: str = REGION) -> str:
    """A rule of a pack, as an account calls it."""
    for rules in world.emulator.config.places[account, region]:
        if rules.pack is not None and rules.pack.name == pack:
            return f"{rule}{rules.suffix}"
    raise KeyError(pack)


def set_to(world: World, rule: str, compliance: str, *, account: str, region: str = REGION) -> None:
    """Set what a rule (its whole name) is."""
    set_rule(world.emulator, RuleRequest(account, region, rule, compliance))  # type: ignore[arg-type]


def fail_for(world: World, rule: str, *buckets: str, account: str, region: str = REGION) -> int:
    """Have a rule (its whole name) fail for some buckets; return how many findings Security Hub got of it."""
    resources = [ResourceRequest("AWS::S3::Bucket", each) for each in buckets]
    return set_rule(world.emulator, RuleRequest(account, region, rule, resources=resources))


def suppress(world: World, rule: str, *, account: str, workflow: str = "SUPPRESSED", most: int = 9) -> int:
    """Suppress findings of a rule (its whole name), as a person does; return how many."""
    documents = [msgspec.json.decode(body) for _, body in world.emulator.store.all_bodies()]
    found = [each for each in documents if each["Title"] == rule and each["AwsAccountId"] == account][:most]
    names = [{"id": each["Id"], "product_arn": each["ProductArn"]} for each in found]
    mutate(world.emulator, [Workflow(**each, status=workflow) for each in names])
    return len(names)


def config_of(world: World) -> AggregatorClient:
    """A client of the emulated Config whose quota is never used up."""
    ticks = iter(range(10**9))
    limiters = Limiters(1.0, monotonic=lambda: float(next(ticks)))
    return AggregatorClient(world._sessions, Identity(None, None, REGION), limiters, world.usage)


def config_hub(
    world: World, folder: Path, cloud: AggregatorClient | None = None, name: str | None = "org"
) -> Hub:
    """A hub over the aggregator."""
    maker = ConfigAggregators(
        cloud or config_of(world), world.client(), administrator, region=REGION, name=name
    )
    key = KEY._replace(aggregator=name)
    return Hub(key, HubDependencies(maker, administrator, SqliteStores(folder), first_pause=0.01))


def target(source: dict[str, Any], **spec: Any) -> Admitted:
    """A target that is scored by it."""
    document = {
        "metadata": {"name": "rules", "namespace": "security", "uid": "u", "generation": 1},
        "spec": {"aws": {"region": REGION}, "source": source, "interval": "1h", **spec},
    }
    return Admitted(parse(PostureTarget, document), KEY, ("*",))


def by_packs(*names: str, **spec: Any) -> Admitted:
    """A target that is scored by packs."""
    return target({"conformancePacks": {"names": list(names), "aggregator": "org"}}, **spec)


def by_rules(*names: str, **spec: Any) -> Admitted:
    """A target that is scored by rules."""
    return target({"configRules": {"names": list(names), "aggregator": "org"}}, **spec)


def demand(admitted: Admitted) -> Demand:
    """What it wants of its hub."""
    return demand_of(admitted)._replace(window=WINDOW)


async def evaluated(hub: Hub, admitted: Admitted) -> Evaluated | None:
    """What is published of a target."""
    facts = hub.status.facts
    if facts is None:
        return None
    chosen = chosen_standards(admitted.target.spec, facts)
    view = view_of(admitted, facts, hub.controls(), chosen.all)
    return await hub.evaluate(view, WINDOW, followed_of(admitted.target.spec))


def truth(world: World, lifted: Sequence[tuple[str, str]] = ()) -> Iterator[TrueRule]:
    """What is true of every rule, as aggregators have collected it; `lifted`: accounts and whole names."""
    for (account, region), sets in world.emulator.config.places.items():
        for rules in sets:
            for index, name in enumerate(rules.names):
                if rules.deleted or name.startswith("securityhub-"):
                    continue
                state = compliance_of(rules.evaluations(index, collected=True))
                pack = rules.pack.name if rules.pack else ""
                is_lifted = (account, rules.name(index)) in lifted
                yield TrueRule(account, region, pack, name, state, is_lifted)


def right(
    world: World,
    admitted: Admitted,
    lifted: Sequence[tuple[str, str]] = (),
    *,
    unread: Iterable[str] = (),
) -> dict[str, ScopeAnswer]:
    """What the oracle says of a target."""
    spec = admitted.target.spec
    rules = spec.source.config_rules
    packs = spec.source.conformance_packs
    standards: dict[str, Iterable[str] | None] = (
        {"config-rules": rules.names} if rules else {f"conformance-pack/{p}": None for p in packs.names}  # type: ignore[union-attr]
    )
    accounts = [each for each in ACCOUNTS if each not in spec.accounts.exclude]
    return answers(truth(world, lifted), standards=standards, accounts=accounts, unread=unread)


def told(evaluation: Evaluation | None, admitted: Admitted) -> dict[str, ScopeAnswer]:
    """What the product says, as the oracle writes it."""
    assert evaluation is not None
    accounts = [each for each in ACCOUNTS if each not in admitted.target.spec.accounts.exclude]
    found = {"target": _plain(evaluation.target)}
    for standard, scores in evaluation.standards.items():
        found[standard] = _plain(scores)
        for account in accounts:
            found[f"{standard}/{account}"] = _plain(evaluation.accounts.get(AccountScope(standard, account)))
    return found


def _plain(scores: Scores | None) -> ScopeAnswer:
    return (
        NOTHING if scores is None else ScopeAnswer(*(each and (each.passed, each.scored) for each in scores))
    )
