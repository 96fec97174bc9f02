"""What the control endpoint is asked: the bodies of its requests."""

from typing import Literal

import msgspec


class ClockRequest(msgspec.Struct, forbid_unknown_fields=True):
    """In this order: back to real time, freeze or not, show a time, move forward by seconds.

    A clock that is to show a time and stand shows exactly that time.
    """

    real: bool = False
    freeze: bool | None = None
    set: str | None = None
    advance: float = 0.0


class HubRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Turn a hub on or off, or change it; None: as it is."""

    account: str
    region: str
    enabled: bool | None = None
    control_finding_generator: Literal["SECURITY_CONTROL", "STANDARD_CONTROL"] | None = None
    auto_enable_controls: bool | None = None
    standards: list[str] | None = None
    second_version: bool | None = None


class ControlRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Turn a control of a standard on or off, in one account or Region or in all (`*`)."""

    standard: str
    control: str
    enabled: bool
    account: str = "*"
    region: str = "*"
    reason: str | None = None


_OF_ORGANIZATION = (
    "configuration_type", "configuration_status", "status_message", "auto_enable", "auto_enable_standards",
    "member_limit_reached", "management",
)  # fmt: skip


class MembersRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Accounts that join or leave the administrator, and how the organization is configured."""

    join: dict[str, str] = {}
    leave: list[str] = []
    configuration_type: Literal["LOCAL", "CENTRAL"] | None = None
    configuration_status: Literal["PENDING", "ENABLED", "FAILED"] | None = None
    status_message: str | None = None
    auto_enable: bool | None = None
    auto_enable_standards: Literal["DEFAULT", "NONE"] | None = None
    member_limit_reached: bool | None = None
    management: str | None = None
    status: dict[str, str] = {}


class QuotaRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Quotas on or off, scaled, or of other rates (`{operation: [per second, burst]}`); None: as it is."""

    enabled: bool | None = None
    scale: float | None = None
    rates: dict[str, tuple[float, float]] = {}


class SettingsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is given is changed. Times in seconds; `latency` by operation, `*` for all others."""

    quotas: QuotaRequest | None = None
    latency: dict[str, float] | None = None
    merge_user_fields: bool | None = None
    update_delay: float | None = None
    token_lifetime: float | None = None
    offset_tokens: bool | None = None
    v2_suppressed: list[str] | None = None
    v2_shares: bool | None = None


class StalenessRequest(msgspec.Struct, forbid_unknown_fields=True):
    """From now on, changes are hidden from reads for some seconds: see `Staleness`."""

    seconds: float
    probability: float = 1.0
    ids: list[str] | None = None


class CredentialsRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Register access keys with their accounts, let one or all (`*`) expire, or restore all."""

    register: dict[str, str] = {}
    expire: str | None = None
    restore: bool = False
