"""Which accounts a target looks at, of those that its namespace may see."""

from collections.abc import Iterable
from enum import Enum

from posture.domain.globs import Globs


class Standing(Enum):
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
        self._known: dict[str, Standing] = {}

    def standing(self, account_id: str) -> Standing:
        """How the target stands to this account."""
        standing = self._known.get(account_id)
        if standing is None:
            standing = self._known[account_id] = self._decide(account_id)
        return standing

    def _decide(self, account_id: str) -> Standing:
        if not self._granted(account_id):
            return Standing.INVISIBLE
        if self._include(account_id) and not self._exclude(account_id):
            return Standing.TARGETED
        return Standing.EXCLUDED
