"""A slow model of controls that people and policies turn on and off: what may be done, and what must be so.

It knows who turned a control off because it was told so, not from any mark.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

DAY = 24 * 3600 * 1_000_000
START = 1_700_000_000_000_000
PERSON = "a person"
ALPHA, BETA = "111111111111", "222222222222"
STANDARDS = ("fsbp/v/1.0.0", "cis/v/1.4.0")
CONTROLS = ("S3.1", "EC2.2")

Place = tuple[str, str, str, str]
PLACES: tuple[Place, ...] = tuple(
    (standard, control, account, "eu-west-1")
    for standard in STANDARDS
    for control in CONTROLS
    for account in (ALPHA, BETA)
)


@dataclass
class Rule:
    """A policy, as its users see it. `granted`: the accounts in which it may write."""

    standards: list[str]
    controls: list[str]
    accounts: list[str]
    expires: int
    text: str
    suspended: bool = False
    dry_run: bool = False
    retain: bool = False
    deleted: int | None = None
    granted: list[str] = field(default_factory=lambda: [ALPHA, BETA])

    def names(self, place: Place) -> bool:
        """Whether it means a place."""
        standard, control, account, _ = place
        return (
            (not self.standards or standard in self.standards)
            and control in self.controls
            and account in self.accounts
        )

    def is_over(self, now: int) -> bool:
        """Whether it has expired or is deleted."""
        return now >= self.expires or self.deleted is not None

    def is_left(self) -> bool:
        """Whether what it turned off stays off after it."""
        return self.retain and self.deleted is not None and self.deleted < self.expires

    def is_frozen(self) -> bool:
        """Whether it is held by its users."""
        return self.suspended or self.dry_run


class WrongError(AssertionError):
    """The operator did what it must not do."""


class Cloud:
    """Controls: `reasons` of those that are off; `holders`: who turned them off.

    `said`: the reasons that people gave when they turned a control on; `shown`: those that it has while on.
    """

    def __init__(self) -> None:
        self.now = START
        self.rules: dict[str, Rule] = {}
        self.reasons: dict[Place, str] = {}
        self.holders: dict[Place, str] = {}
        self.said: dict[Place, str] = {}
        self.shown: dict[Place, str] = {}

    def person(self, place: Place, *, on: bool, why: str = "") -> None:
        """A person turns a control on, and says why perhaps, or off."""
        self.holders.pop(place, None)
        self.reasons.pop(place, None)
        self.said.pop(place, None)
        self.shown.pop(place, None)
        if not on:
            self.holders[place] = PERSON
            self.reasons[place] = "because"
        elif why:
            self.said[place] = self.shown[place] = why

    def claims(self, place: Place) -> list[str]:
        """Return the policies that want a control off and may have it so."""
        return sorted(
            name
            for name, rule in self.rules.items()
            if rule.names(place)
            and not rule.is_over(self.now)
            and not rule.is_frozen()
            and place[2] in rule.granted
        )

    def lets_go(self, holder: str, place: Place) -> bool:
        """Whether a policy is to let go of a control that it turned off."""
        rule = self.rules.get(holder)
        if rule is None or rule.is_left() or rule.is_over(self.now):
            return True
        return not rule.is_frozen() and not rule.names(place)

    def operator(self, place: Place, *, enabled: bool, policy: str, reason: str, marked: bool) -> None:
        """The operator turns a control on or off, or rewrites its reason. Raises WrongError."""
        holder = self.holders.get(place)
        if holder == PERSON:
            raise WrongError(f"{place} was turned off by a person")
        claims = self.claims(place)
        if enabled or not marked:
            self._let_go(place, holder, claims, reason, enabled=enabled)
            return
        if policy not in claims:
            raise WrongError(f"{policy} must not turn off {place}")
        if holder not in {None, policy} and not self.lets_go(str(holder), place):
            raise WrongError(f"{place} is still {holder}'s")
        self.holders[place], self.reasons[place] = policy, reason

    def _let_go(
        self, place: Place, holder: str | None, claims: Iterable[str], reason: str, *, enabled: bool
    ) -> None:
        if holder is None or not self.lets_go(holder, place) or claims:
            raise WrongError(f"{place} must stay off for {holder}, {claims}")
        if not self._may_end(holder, place):
            raise WrongError(f"{holder} may not write to {place}")
        rule = self.rules.get(holder)
        left = rule is not None and rule.is_left()
        if enabled is left:
            raise WrongError(f"{place} is to be {'left off' if left else 'turned on'}")
        del self.holders[place], self.reasons[place]
        self.shown[place] = reason
        if left:
            # Nobody's any longer, as if a person had done it.
            self.person(place, on=False)

    def unsettled(self, found: Iterable[Place]) -> list[Place]:
        """Return which of some places are not as they must be in the end."""
        wrong = []
        for place in found:
            holder, claims = self.holders.get(place), self.claims(place)
            if holder == PERSON:
                continue
            if claims:
                settled = holder in claims or (holder is not None and not self.lets_go(holder, place))
            else:
                settled = (
                    holder is None or not self.lets_go(holder, place) or not self._may_end(holder, place)
                )
            if not settled:
                wrong.append(place)
        return wrong

    def overwritten(self) -> list[Place]:
        """Return the controls that are on and have not the reason any longer that a person gave."""
        return [
            place
            for place, why in self.said.items()
            if place not in self.holders and self.shown[place] != why
        ]

    def _may_end(self, holder: str, place: Place) -> bool:
        rule = self.rules.get(holder)
        return rule is None or place[2] in rule.granted
