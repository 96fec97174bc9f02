"""Setting Config up for an organization: packs and rules in each account and Region, and aggregators."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import msgspec

from sandbox.config.rules import (
    COMPLIANT,
    INSUFFICIENT_DATA,
    NON_COMPLIANT,
    PACK_SUFFIX,
    STATES,
    Pack,
    RuleSet,
    digest_of,
    made_id,
)
from sandbox.config.state import Aggregator, Config

ORGANIZATION_PACKS = "config-multiaccountsetup.amazonaws.com"
"""`CreatedBy` of packs that an organization deploys."""
OWN_RULES = ("securityhub-s3-bucket-versioning-enabled", "securityhub-iam-password-policy")
_CODES = {state: number for number, state in enumerate(STATES)}


class SeedPack(msgspec.Struct, forbid_unknown_fields=True):
    """A pack, in some accounts and Regions or in all (`[]`). `deleted`: it is listed, and does not exist."""

    name: str
    rules: list[str]
    accounts: list[str] = []
    regions: list[str] = []
    created_by: str = ""
    deleted: bool = False


class SeedAggregator(msgspec.Struct, forbid_unknown_fields=True):
    """An aggregator. `accounts`, `regions` None: the organization, all Regions."""

    name: str
    account: str
    region: str
    accounts: list[str] | None = None
    regions: list[str] | None = None
    lists_accounts: bool = True


class SeedConfig(msgspec.Struct, forbid_unknown_fields=True):
    """What is in every account and Region of the seed.

    `rules`: in no pack. `own_rules`: of Security Hub, which gives them a hash in each account. `failing`,
    `without_results`: shares of rules; which ones is decided by `seed_number`, the account, the Region
    and the rule's whole name. `sound`: the share of names in templates whose rules fail nowhere.
    """

    aggregators: list[SeedAggregator] = []
    packs: list[SeedPack] = []
    rules: list[str] = []
    own_rules: list[str] = msgspec.field(default_factory=lambda: list(OWN_RULES))
    failing: float = 0.1
    without_results: float = 0.1
    sound: float = 0.0
    seed_number: int = 1


class SeededRule(NamedTuple):
    """A rule by its whole name, and what it is at first."""

    name: str
    compliance: Literal["COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA"]


def apply_config(config: Config, seed: SeedConfig, accounts: Iterable[str], regions: Iterable[str]) -> None:
    """Set Config up; what is there already stays beside it."""
    for each in seed.aggregators:
        config.aggregators[each.account, each.region, each.name] = Aggregator(
            each.name, each.account, each.region, each.accounts, each.regions, each.lists_accounts
        )
    places = [(account, region) for account in accounts for region in regions]
    names = {pack.name: tuple(pack.rules) for pack in seed.packs}
    alone = tuple(seed.rules)
    for account, region in places:
        sets = config.sets(account, region)
        for pack in seed.packs:
            if account in (pack.accounts or [account]) and region in (pack.regions or [region]):
                made = Pack(pack.name, pack_id(account, region, pack.name), pack.created_by)
                rules = _rule_set(seed, account, region, names[pack.name], made)
                rules.deleted = pack.deleted
                sets.append(rules)
        if alone:
            sets.append(_rule_set(seed, account, region, alone, None))
        if seed.own_rules:
            own = tuple(f"{name}-{digest_of(account, region, name).hex()[:8]}" for name in seed.own_rules)
            sets.append(_rule_set(seed, account, region, own, None))


def _rule_set(
    seed: SeedConfig, account: str, region: str, names: tuple[str, ...], pack: Pack | None
) -> RuleSet:
    suffix = "" if pack is None else f"-{pack.id}"
    states = (_CODES[first_state(seed, account, region, name + suffix)] for name in names)
    return RuleSet(account, region, names, states, pack)


def seeded_rules(seed: SeedConfig, account: str, region: str) -> Iterator[SeededRule]:
    """Yield the rules that the seed makes in an account and Region and findings may come of."""
    for pack in seed.packs:
        if pack.deleted or account not in (pack.accounts or [account]):
            continue
        if region in (pack.regions or [region]):
            suffix = pack_id(account, region, pack.name)
            names = [f"{name}-{suffix}" for name in pack.rules]
            yield from (SeededRule(each, first_state(seed, account, region, each)) for each in names)
    yield from (SeededRule(each, first_state(seed, account, region, each)) for each in seed.rules)


def pack_id(account: str, region: str, pack: str) -> str:
    """Return a pack's id, another one in each account and Region."""
    return made_id("conformance-pack", account, region, pack)


def first_state(
    seed: SeedConfig, account: str, region: str, rule: str
) -> Literal["COMPLIANT", "NON_COMPLIANT", "INSUFFICIENT_DATA"]:
    """Return what a rule is at first."""
    drawn = _share(seed.seed_number, account, region, rule)
    if drawn < seed.failing:
        is_sound = seed.sound and _share(seed.seed_number, rule.partition(PACK_SUFFIX)[0]) < seed.sound
        return COMPLIANT if is_sound else NON_COMPLIANT
    return INSUFFICIENT_DATA if drawn < seed.failing + seed.without_results else COMPLIANT


def _share(*parts: object) -> float:
    """Return a number in [0, 1) that the parts determine."""
    return int.from_bytes(digest_of(*parts)[:4]) / 2**32
