"""Which accounts a target looks at, of those that its namespace may see, and which group each belongs to.

An account's name says its workload and environment.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from posture.domain.selection.selectors import Globs


class AccountStanding(Enum):
    """How a target stands to an account."""

    TARGETED = "targeted"
    EXCLUDED = "excluded"
    INVISIBLE = "invisible"


class AccountFilter:
    """A target's `accounts.include` and `accounts.exclude` under what its namespace is granted.

    All three are lists of globs over account ids. Outside the grant an account is invisible: not scored, not
    named, not counted. Inside it, what is not included, or excluded as well, is excluded.
    """

    __slots__ = ("_exclude", "_granted", "_include", "_known")

    def __init__(
        self, *, granted: Iterable[str] = ("*",), include: Iterable[str] = ("*",), exclude: Iterable[str] = ()
    ) -> None:
        self._granted = Globs(granted)
        self._include = Globs(include)
        self._exclude = Globs(exclude)
        self._known: dict[str, AccountStanding] = {}

    def standing(self, account_id: str) -> AccountStanding:
        """How the target stands to this account."""
        standing = self._known.get(account_id)
        if standing is None:
            standing = self._known[account_id] = self._decide(account_id)
        return standing

    def _decide(self, account_id: str) -> AccountStanding:
        if not self._granted(account_id):
            return AccountStanding.INVISIBLE
        if self._include(account_id) and not self._exclude(account_id):
            return AccountStanding.TARGETED
        return AccountStanding.EXCLUDED


class NameMatch(Protocol):
    """What a pattern found in a name."""

    def groupdict(self) -> Mapping[str, str | None]:
        """Give the text of each named group, None where it took no part."""


class NamePattern(Protocol):
    """A compiled pattern over account names, with groups `workload` and `environment`."""

    def fullmatch(self, text: str, /) -> NameMatch | None:
        """Match the whole of a name."""


class Group(NamedTuple):
    """A workload in an environment. `matched` is False where the account's name did not fit the pattern."""

    workload: str
    environment: str
    matched: bool = True


class Grouping:
    """A target's `grouping`: overrides by account id first, then the pattern over the account's whole name.

    `overrides`: account id to workload and environment; no environment (None or empty): the default one.
    """

    __slots__ = ("_default", "_overrides", "_pattern")

    def __init__(
        self,
        pattern: NamePattern | None = None,
        *,
        default_environment: str = "production",
        overrides: Mapping[str, tuple[str, str | None]] | None = None,
    ) -> None:
        self._pattern = pattern
        self._default = default_environment
        self._overrides = dict(overrides or {})

    def group_of(self, account_id: str, name: str | None) -> Group:
        """Group one account.

        One that no override names and whose name does not match, or matches with nothing for a workload, is
        its own workload: its whole name, or its id where it has none, in the default environment; `matched`
        is False if there was a pattern to match.
        """
        override = self._overrides.get(account_id)
        if override is not None:
            return Group(override[0], override[1] or self._default)
        match = self._pattern.fullmatch(name) if self._pattern and name else None
        found = match.groupdict() if match else {}
        if workload := found.get("workload"):
            return Group(workload, found.get("environment") or self._default)
        return Group(name or account_id, self._default, matched=self._pattern is None)
