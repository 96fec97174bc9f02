"""What is known of a set-up."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class SetupPart(StrEnum):
    """What one call asks, as far as it may be refused by itself."""

    MEMBERS = "members"
    ADMINISTRATOR = "administrator"
    MANAGEMENT = "management"
    JOINING = "joining"
    LINKING = "linking"
    SECOND_VERSION = "second version"


class Untold(NamedTuple):
    """Why AWS did not answer what a part is, and what to do about that."""

    why: str
    advice: str = ""


class Joining(NamedTuple):
    """What becomes of accounts that join the organization: DescribeOrganizationConfiguration."""

    members: bool
    """Security Hub is enabled in them by itself (AutoEnable)."""
    standards: bool
    """And so are the default standards (AutoEnableStandards)."""
    central: str = ""
    """Status of central configuration (PENDING, ENABLED, FAILED); empty where configuration is local."""
    why_failed: str = ""
    full: bool = False
    """As many accounts as may be are members (MemberAccountLimitReached)."""


class Linking(NamedTuple):
    """Which Regions are aggregated where: GetFindingAggregator."""

    home: str
    mode: str
    """RegionLinkingMode."""
    regions: tuple[str, ...] = ()
    """Those that are linked, or by `mode` those that are not."""


class HubSetup(NamedTuple):
    """How a hub is set up, as its account and Region see it. What has no answer is None, and in `untold`."""

    auto_enable_controls: bool | None = None
    administers: bool | None = None
    """This account administers others."""
    administrator_id: str | None = None
    """The account that administers this one."""
    management: bool | None = None
    """This account is the management account of its organization."""
    joining: Joining | None = None
    """None too where this account is not the delegated administrator, who alone may ask."""
    linking: Linking | None = None
    """None too where there is no aggregator."""
    second_version: bool | None = None
    """Security Hub V2 is on in this account and Region."""
    apart: Mapping[str, str] = {}
    """MemberStatus of accounts that this one knows and does not administer (any more), by id."""
    untold: Mapping[str, Untold] = {}
    """By `SetupPart`."""
