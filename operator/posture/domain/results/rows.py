"""What an aggregator of AWS Config says, as plain data, and how the names of rules are read.

A rule that a conformance pack made is called `<name in the pack>-conformance-pack-<id>`, and the id is the
pack's in that account and Region (AWS Config developer guide, "Conformance packs": ConformancePackId).
Security Hub's own rules are called `securityhub-<rule>-<hash>` (user guide, "AWS Config rules").
"""

import re
from enum import IntEnum
from typing import NamedTuple

_SUFFIX = "-conformance-pack-"
_ID = re.compile(r"[A-Za-z0-9]+")
_OWN = "securityhub-"
_SECURITY_HUBS = re.compile(rf"{_OWN}.+-[0-9a-f]{{6,8}}")


class RuleVerdict(IntEnum):
    """What is said of a rule in an account and Region. Where several rules count as one, the greatest."""

    NO_DATA = 0
    PASSED = 1
    LIFTED = 2
    """It failed, and all that it failed for is suppressed: it passes, but for the unsuppressed score."""
    FAILED = 3


_VERDICTS = {"COMPLIANT": RuleVerdict.PASSED, "NON_COMPLIANT": RuleVerdict.FAILED}


class Place(NamedTuple):
    """An account and a Region."""

    account_id: str
    region: str


class RuleKey(NamedTuple):
    """A rule of an account and Region, by its whole name there."""

    rule: str
    place: Place


class RuleResult(NamedTuple):
    """What a rule came to."""

    rule: str
    """Its whole name in the account."""
    place: Place
    verdict: RuleVerdict
    failing: int | None = None
    """Resources that do not comply, at least; None where that is not said."""

    @property
    def key(self) -> RuleKey:
        """Which rule it is of."""
        return RuleKey(self.rule, self.place)


class PackResult(NamedTuple):
    """What a pack came to in an account and Region; packs that were deleted have one too."""

    pack: str
    place: Place
    passed: int
    failed: int
    rules: int
    """All of its rules, those without results too."""


def verdict_of(compliance: str) -> RuleVerdict:
    """Return what Config's ComplianceType says; INSUFFICIENT_DATA, NOT_APPLICABLE and others: nothing."""
    return _VERDICTS.get(compliance, RuleVerdict.NO_DATA)


def pack_rule(rule: str) -> tuple[str, str]:
    """Return a rule's name without its pack's suffix, and the id of the pack; empty where there is none."""
    name, suffix, id_ = rule.rpartition(_SUFFIX)
    return (name, id_) if name and suffix and _ID.fullmatch(id_) else (rule, "")


def whole_name(name: str, id_: str) -> str:
    """Return the name of a rule in its account, from what `pack_rule` reads of it."""
    return f"{name}{_SUFFIX}{id_}" if id_ else name


def is_security_hubs(rule: str) -> bool:
    """Whether Security Hub made a rule for itself: its controls are scored by another source."""
    return rule.startswith(_OWN) and _SECURITY_HUBS.fullmatch(rule) is not None
