"""What a look at one part of a set-up came to."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class SetupCheck(StrEnum):
    """A part of the set-up, as a target's status names it; in order."""

    HUB = "Hub"
    DELEGATED_ADMINISTRATOR = "DelegatedAdministrator"
    AGGREGATION = "Aggregation"
    MEMBERS = "Members"
    AUTO_ENABLE_MEMBERS = "AutoEnableMembers"
    AUTO_ENABLE_STANDARDS = "AutoEnableStandards"
    AUTO_ENABLE_CONTROLS = "AutoEnableControls"
    CENTRAL_CONFIGURATION = "CentralConfiguration"
    CONSOLIDATED_FINDINGS = "ConsolidatedFindings"
    CONFIG_RECORDER = "ConfigRecorder"
    SECURITY_HUB_V2 = "SecurityHubV2"


class SetupStanding(StrEnum):
    """How a part of the set-up stands; `UNKNOWN`: it could not be told, and the message says why."""

    OK = "Ok"
    WARNING = "Warning"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class SetupResult(NamedTuple):
    """What a look at one part came to. `message`, `advice`: without a full stop; no advice: nothing to do."""

    check: SetupCheck
    standing: SetupStanding
    message: str
    advice: str = ""

    @property
    def text(self) -> str:
        """Say both as sentences."""
        return " ".join(f"{each[:1].upper()}{each[1:].rstrip('.')}." for each in self[2:] if each)

    @property
    def good(self) -> bool | None:
        """Whether it is as it should be; None where that is not known."""
        unknown = self.standing is SetupStanding.UNKNOWN
        return None if unknown else self.standing is SetupStanding.OK


def ok(check: SetupCheck, message: str) -> SetupResult:
    """Say that it is as it should be."""
    return SetupResult(check, SetupStanding.OK, message)


def warning(check: SetupCheck, message: str, advice: str) -> SetupResult:
    """Say that something is not seen, or could be better."""
    return SetupResult(check, SetupStanding.WARNING, message, advice)


def unknown(check: SetupCheck, message: str, advice: str = "") -> SetupResult:
    """Say why it could not be told."""
    return SetupResult(check, SetupStanding.UNKNOWN, message, advice)


def listed(named: Sequence[str], number: int) -> str:
    """Name some of as many."""
    return f"{', '.join(named)}{', …' if number > len(named) else ''}"
