"""Which workload and environment an account belongs to, by its name."""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Group(NamedTuple):
    """A workload in an environment. `matched` is False where the account's name did not fit the pattern."""

    workload: str
    environment: str
    matched: bool = True


class InvalidPatternError(ValueError):
    """An account name pattern that cannot be used.

    `reason` is for a condition, `advice` says what to write.
    """

    reason = "InvalidAccountNamePattern"

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


_EXAMPLE = "^acme-(?P<workload>.+)-(?P<environment>[^-]+)$"


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Compile an account name pattern.

    Raises `InvalidPatternError` when it is no regular expression (Python's syntax), when it has no group
    `workload`, or when it names groups that mean nothing here.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise InvalidPatternError(
            f"spec.grouping.accountNamePattern is not a regular expression: {error}",
            f"write one in Python's syntax, such as {_EXAMPLE}",
        ) from None
    groups = compiled.groupindex.keys()
    if "workload" not in groups:
        raise InvalidPatternError(
            "spec.grouping.accountNamePattern has no group named workload",
            f"name the part that is the workload (?P<workload>…), as in {_EXAMPLE}",
        )
    if unknown := sorted(groups - {"workload", "environment"}):
        raise InvalidPatternError(
            f"spec.grouping.accountNamePattern names unknown groups: {', '.join(unknown)}",
            "name groups workload and environment only; (?:…) groups without a name",
        )
    return compiled


class Grouping:
    """A target's `grouping`: overrides by account id first, then the pattern over the account's whole name.

    Without a group `environment`, or where it matched nothing, the environment is the default one. Raises
    `InvalidPatternError`.
    """

    __slots__ = ("_default", "_overrides", "_pattern")

    def __init__(
        self,
        pattern: str | None = None,
        *,
        default_environment: str = "production",
        overrides: Mapping[str, tuple[str, str | None]] | None = None,
    ) -> None:
        self._pattern = compile_pattern(pattern) if pattern else None
        self._default = default_environment
        self._overrides = dict(overrides or {})

    def of(self, account_id: str, name: str | None) -> Group:
        """Group one account.

        One that no override names and whose name does not match is its own workload: its whole name, or its
        id where it has none, in the default environment; `matched` is False if there was a pattern to match.
        """
        override = self._overrides.get(account_id)
        if override is not None:
            workload, environment = override
            return Group(workload, environment or self._default)
        match = self._pattern.fullmatch(name) if self._pattern and name else None
        found = match.groupdict() if match else {}
        if found.get("workload"):
            return Group(found["workload"], found.get("environment") or self._default)
        return Group(name or account_id, self._default, matched=self._pattern is None)
