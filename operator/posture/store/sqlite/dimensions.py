"""What many rows repeat, told once: checks, accounts and their names, Regions, texts.

All of it is kept in memory; only texts, of which a hub may have any number, are limited.
"""
# ruff: noqa: S608 - statements are made of constants and question marks; values are always bound

import sqlite3
from collections.abc import Collection, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from posture.domain.findings import Check, CheckSource, Finding
from posture.domain.time import HOUR
from posture.store.records import FindingRef
from posture.store.sqlite.encoding import ProviderBody, Word

T = TypeVar("T")

MAX_WORDS = 20_000
"""Beyond, a text stands in the row itself. Titles of control findings and ProductArns are far fewer."""

NAME_PRECISION = HOUR
"""How much newer a finding must be for the age of an account's unchanged name to be stored again."""

_encode = msgspec.msgpack.Encoder().encode
_decode_check = msgspec.msgpack.Decoder(tuple[str, bool | str, str, bool, tuple[str, ...]]).decode


def _check_stored(check: Check) -> bytes:
    """Encode a check as all versions have done: of Security Hub, whose own is True, and of nobody, False."""
    source: bool | str = check.source is not None
    if check.source is not None and check.source is not CheckSource.SECURITY_HUB:
        source = check.source.value
    return _encode((check.product, source, *check[2:]))


def _stored_check(blob: bytes) -> Check:
    product, source, control, numbered, standards = _decode_check(blob)
    own = CheckSource.SECURITY_HUB if source is True else CheckSource(source) if source else None
    return Check(product, own, control, numbered, standards)


class Numbered(Generic[T]):
    """Values and their numbers, from 0 without gaps. Those added since the last commit can be taken back."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self.numbers: dict[T, int] = {}
        self.stored = 0

    def number(self, value: T) -> int:
        """Return the value's number, a new one if need be."""
        number = self.numbers.get(value)
        return self.add(value) if number is None else number

    def add(self, value: T) -> int:
        """Give the value a number."""
        number = self.numbers[value] = len(self.values)
        self.values.append(value)
        return number

    def known(self, values: Collection[T]) -> list[int]:
        """Return the numbers of those values that have one, in order."""
        return sorted(self.numbers[value] for value in set(values) if value in self.numbers)

    def unstored(self) -> list[tuple[int, T]]:
        """Return what was added since the last commit."""
        return list(enumerate(self.values[self.stored :], self.stored))

    def discard_unstored(self) -> None:
        """Forget what was added since the last commit."""
        for value in self.values[self.stored :]:
            del self.numbers[value]
        del self.values[self.stored :]


class AccountNames:
    """The name of each account: that of its newest finding which has one.

    A finding keeps the name that the account had when it was processed, so the one with the greatest
    `updated_at` counts, whatever the order of arrival.
    """

    def __init__(self) -> None:
        self.current: dict[int, tuple[str, int]] = {}
        self._stored: dict[int, tuple[str, int]] = {}
        self._before: dict[int, tuple[str, int] | None] = {}

    def load(self, account: int, name: str, named_at: int) -> None:
        """Take in a stored name."""
        self.current[account] = self._stored[account] = (name, named_at)

    def saw(self, account: int, name: str, updated_at: int) -> bool:
        """Take in the name that a finding gives; True if the account is called otherwise now."""
        known = self.current.get(account)
        if not name or (known is not None and (updated_at, name) <= (known[1], known[0])):
            return False
        self._before.setdefault(account, known)
        self.current[account] = (name, updated_at)
        return known is None or known[0] != name

    def name_of(self, account: int) -> str:
        """Return an account's name, empty when no finding has given one."""
        known = self.current.get(account)
        return "" if known is None else known[0]

    def unstored(self) -> list[tuple[str, int, int]]:
        """Return (name, named at, account) of those worth storing again."""
        return [
            (*self.current[account], account)
            for account in self._before
            if self._worth_storing(self._stored.get(account), self.current[account])
        ]

    def committed(self) -> None:
        """Remember what has been stored."""
        for name, named_at, account in self.unstored():
            self._stored[account] = (name, named_at)
        self._before.clear()

    def discard_unstored(self) -> None:
        """Go back to what was known at the last commit."""
        for account, known in self._before.items():
            if known is None:
                del self.current[account]
            else:
                self.current[account] = known
        self._before.clear()

    @staticmethod
    def _worth_storing(stored: tuple[str, int] | None, current: tuple[str, int]) -> bool:
        return stored is None or stored[0] != current[0] or current[1] - stored[1] > NAME_PRECISION


class Dimensions:
    """The numbers of one store. `save` belongs into each transaction that may have added some."""

    def __init__(self) -> None:
        self.checks: Numbered[Check] = Numbered()
        self.accounts: Numbered[str] = Numbered()
        self.regions: Numbered[str] = Numbered()
        self.words: Numbered[str] = Numbered()
        self.names = AccountNames()

    @classmethod
    def load(cls, connection: sqlite3.Connection) -> "Dimensions":
        """Read all numbers of a file. Raises `ValueError` when they have gaps or cannot be decoded."""
        self = cls()
        for account, name, named_at in connection.execute(
            "SELECT id, name, named FROM account WHERE name <> ''"
        ):
            self.names.load(account, name, named_at)
        for table, numbered in self._texts().items():
            _load(numbered, connection.execute(f"SELECT id, value FROM {table} ORDER BY id"))
        rows = connection.execute("SELECT id, value FROM chk ORDER BY id")
        _load(self.checks, ((number, _stored_check(blob)) for number, blob in rows))
        return self

    def word(self, text: str) -> Word:
        """Return a text's number, or the text when there are too many to number."""
        number = self.words.numbers.get(text)
        if number is not None:
            return number
        return self.words.add(text) if len(self.words.values) < MAX_WORDS else text

    def text(self, word: Word) -> str:
        """Return the text that `word` stood for."""
        return word if isinstance(word, str) else self.words.values[word]

    def reference(self, key: bytes, body: ProviderBody) -> FindingRef:
        """Return what a row's finding can be asked for by."""
        return FindingRef(key, body[0], self.text(body[1]))

    def place(self, finding: Finding) -> tuple[int, int, int]:
        """Return the numbers of a finding's check, account and Region."""
        return (
            self.checks.number(finding.check),
            self.accounts.number(finding.account_id),
            self.regions.number(finding.region),
        )

    def checks_of(self, products: Collection[str]) -> list[int]:
        """Return the numbers of all checks of some products."""
        return [number for number, check in enumerate(self.checks.values) if check.product in products]

    def save(self, connection: sqlite3.Connection) -> None:
        """Write what was added since the last commit."""
        for table, numbered in self._texts().items():
            if added := numbered.unstored():
                connection.executemany(f"INSERT INTO {table} (id, value) VALUES (?, ?)", added)
        if checks := self.checks.unstored():
            encoded = [(number, _check_stored(check)) for number, check in checks]
            connection.executemany("INSERT INTO chk VALUES (?, ?)", encoded)
        if names := self.names.unstored():
            connection.executemany("UPDATE account SET name = ?, named = ? WHERE id = ?", names)

    def committed(self) -> None:
        """Remember that what `save` wrote is kept."""
        for numbered in self._all():
            numbered.stored = len(numbered.values)
        self.names.committed()

    def discard_unstored(self) -> None:
        """Forget what a transaction that was rolled back had added."""
        for numbered in self._all():
            numbered.discard_unstored()
        self.names.discard_unstored()

    def _texts(self) -> dict[str, Numbered[str]]:
        return {"account": self.accounts, "region": self.regions, "word": self.words}

    def _all(self) -> tuple[Numbered[Any], ...]:
        return (self.checks, self.accounts, self.regions, self.words)


def _load(numbered: Numbered[T], rows: Iterable[tuple[int, T]]) -> None:
    for number, value in rows:
        if numbered.add(value) != number:
            raise ValueError(f"number {number} is not where it should be")
    numbered.stored = len(numbered.values)
