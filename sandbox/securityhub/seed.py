"""Setting an organization up from one document: accounts, membership, hubs, standards, aggregation."""

from typing import Any, Literal

import msgspec

from sandbox.config.seed import SeedConfig, apply_config
from sandbox.securityhub.accounts import Aggregator, Association, Member
from sandbox.securityhub.catalogue import CONTROLS, STANDARDS
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.emulator import Emulator

LinkingMode = Literal["ALL_REGIONS", "ALL_REGIONS_EXCEPT_SPECIFIED", "SPECIFIED_REGIONS", "NO_REGIONS"]


class SeedAccount(msgspec.Struct, forbid_unknown_fields=True):
    """An account of the organization."""

    id: str
    name: str = ""
    email: str = ""


class SeedAggregation(msgspec.Struct, forbid_unknown_fields=True):
    """Cross-Region aggregation; `regions` as `mode` takes them."""

    region: str
    mode: LinkingMode = "ALL_REGIONS"
    regions: list[str] = []


class SeedDisabledControl(msgspec.Struct, forbid_unknown_fields=True):
    """A control that is off, in one account or Region or in all (`*`)."""

    standard: str
    control: str
    account: str = "*"
    region: str = "*"
    reason: str = "Disabled in the seed"


class Seed(msgspec.Struct, forbid_unknown_fields=True):
    """The seed document. Every account gets an enabled hub in every Region, with all these standards.

    `accounts` includes the administrator; all others become its members. `now`: what the clock shows from
    then on; None: it is left alone.
    """

    accounts: list[SeedAccount]
    regions: list[str]
    administrator: str | None = None
    management: str | None = None
    standards: list[str] = []
    aggregation: SeedAggregation | None = None
    control_finding_generator: Literal["SECURITY_CONTROL", "STANDARD_CONTROL"] = "SECURITY_CONTROL"
    configuration_type: Literal["LOCAL", "CENTRAL"] = "LOCAL"
    disabled_controls: list[SeedDisabledControl] = []
    now: str | None = None
    config: SeedConfig | None = None


def seed_of(document: Any) -> Seed:  # noqa: ANN401 - decoded JSON
    """Return the seed in a decoded document.

    Raises msgspec.ValidationError for another form, ValueError for a standard, control or time that is none.
    """
    seed = msgspec.convert(document, Seed)
    unknown = [path for path in seed.standards if path not in STANDARDS]
    unknown += [it.standard for it in seed.disabled_controls if it.standard not in STANDARDS]
    if unknown:
        raise ValueError(f"no such standard: {', '.join(unknown)}; there are {', '.join(STANDARDS)}")
    strangers = [it.control for it in seed.disabled_controls if it.control not in CONTROLS]
    if strangers:
        raise ValueError(f"no such control: {', '.join(strangers)}")
    if seed.now is not None and parse_timestamp(seed.now) is None:
        raise ValueError(f"now: {seed.now!r} is no timestamp such as 2026-11-22T06:00:00Z")
    return seed


def apply_seed(emulator: Emulator, seed: Seed) -> None:
    """Set the organization up; what is there already stays beside it."""
    if seed.now is not None:
        emulator.clock.set(parse_timestamp(seed.now) or 0)
    now, organization = emulator.clock.now(), emulator.organization
    organization.regions = list(dict.fromkeys([*organization.regions, *seed.regions]))
    organization.administrator = seed.administrator
    organization.configuration_type = seed.configuration_type
    organization.management = seed.management
    for account in seed.accounts:
        organization.names[account.id] = account.name
        if seed.administrator not in (None, account.id):
            email = account.email or f"{account.id}@example.com"
            member = Member(account.id, str(seed.administrator), now, email)
            organization.members[account.id] = member
        for region in seed.regions:
            hub = organization.enable(account.id, region, now, seed.standards)
            hub.control_finding_generator = seed.control_finding_generator
    if seed.aggregation is not None and seed.administrator is not None:
        aggregation = seed.aggregation
        organization.aggregators[seed.administrator] = Aggregator(
            seed.administrator, aggregation.region, aggregation.mode, aggregation.regions
        )
    if seed.config is not None:
        apply_config(emulator.config, seed.config, [each.id for each in seed.accounts], seed.regions)
    for disabled in seed.disabled_controls:
        set_control(
            emulator,
            disabled.standard,
            disabled.control,
            account=disabled.account,
            region=disabled.region,
            association=Association(enabled=False, reason=disabled.reason, updated=now),
        )


def set_control(
    emulator: Emulator, standard: str, control: str, *, account: str, region: str, association: Association
) -> int:
    """Turn a control of a standard on or off in some hubs (`*`: in all); return in how many."""
    hubs = [
        hub
        for hub in emulator.organization.hubs.values()
        if account in {"*", hub.account} and region in {"*", hub.region} and standard in hub.standards
    ]
    for hub in hubs:
        hub.associate(standard, control, association)
    return len(hubs)
