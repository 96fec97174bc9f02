"""Which accounts a target looks at, of those that its namespace may see, and which group each belongs to.

An account's tags in its organization say its workload and environment, or its name does.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Protocol

from posture.domain.organization import NO_TAG_KEYS, NOTHING_KNOWN, KnownOrganization, TagKeys
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
    """A workload in an environment. `matched` is False where nothing that was asked told the workload."""

    workload: str
    environment: str
    matched: bool = True


class Grouping:
    """A target's `grouping`: overrides by account id first, then tags of the account, then its name.

    `overrides`: account id to workload and environment; no environment (None or empty): the default one.
    `tag_keys`: which tags say it, in `organization`, as far as that is known. `pattern`: over the account's
    whole name.
    """

    __slots__ = ("_default", "_organization", "_overrides", "_pattern", "_tag_keys")

    def __init__(
        self,
        pattern: NamePattern | None = None,
        *,
        default_environment: str = "production",
        overrides: Mapping[str, tuple[str, str | None]] | None = None,
        tag_keys: TagKeys = NO_TAG_KEYS,
        organization: KnownOrganization = NOTHING_KNOWN,
    ) -> None:
        self._pattern = pattern
        self._default = default_environment
        self._overrides = dict(overrides or {})
        self._tag_keys = tag_keys
        self._organization = organization

    def group_of(self, account_id: str, name: str | None) -> Group | None:
        """Group one account; None while its tags may say, and are not known.

        `name`: as findings have it; the organization knows better. Workload and environment are told each by
        itself: by its tag, else by the pattern, where the name matches with something for a workload. An
        account of which neither tells the workload is its own: its whole name, or its id where it has none;
        `matched` is False if either was asked. Without a tag and a match the environment is the default one.
        """
        override = self._overrides.get(account_id)
        if override is not None:
            return Group(override[0], override[1] or self._default)
        tags = self._organization.tags.get(account_id)
        if tags is None and self._tag_keys.groups:
            return None
        name = self.name_of(account_id, name)
        match = self._pattern.fullmatch(name) if self._pattern and name else None
        found = match.groupdict() if match else {}
        found = found if found.get("workload") else {}
        workload = self._tag(tags, self._tag_keys.workload) or found.get("workload")
        environment = self._tag(tags, self._tag_keys.environment) or found.get("environment") or self._default
        if workload:
            return Group(workload, environment)
        return Group(name or account_id, environment, matched=not self._asks)

    def name_of(self, account_id: str, name: str | None) -> str | None:
        """Return the name of an account: its organization's, else as findings have it; None: unknown."""
        known = self._organization.accounts.get(account_id)
        return (known.name if known else None) or name

    def owner_of(self, account_id: str) -> str:
        """Return to whom an account belongs by its tag; empty where none says, or none is known."""
        return self._tag(self._organization.tags.get(account_id), self._tag_keys.owner)

    def is_unusable(self, account_id: str) -> bool:
        """Whether nobody can use an account, so that it has no findings to report."""
        return self._organization.is_unusable(account_id)

    @property
    def _asks(self) -> bool:
        """Whether anything but overrides is to tell workloads."""
        return self._pattern is not None or self._tag_keys.workload is not None

    @staticmethod
    def _tag(tags: Mapping[str, str] | None, key: str | None) -> str:
        return "" if tags is None or key is None else tags.get(key, "")
