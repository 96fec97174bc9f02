"""What a hub does not know, so that some scores do not exist; and how many controls it cannot name."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple


class Size(NamedTuple):
    """Of a standard in one account and Region."""

    controls: int
    """How many it has there."""
    named: bool
    """Whether all of them are known by name."""


class Gaps(NamedTuple):
    """Where knowledge is incomplete, by account id. No score of a scope that contains such an account exists.

    `incomplete`: the Regions that could not be read; under `EVERYWHERE` where it is not known of which
    accounts. `unclear`: by standard, the Regions in which it is not known which results are its own. `sizes`:
    by standard, what is known of its size; standards that are not there are known by all their controls.
    """

    incomplete: Mapping[str, tuple[str, ...]] = {}
    unclear: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    sizes: Mapping[str, Mapping[str, frozenset[Size]]] = {}

    def hide(self, standards: Iterable[str], accounts: Iterable[str]) -> bool:
        """Whether a score of these standards over these accounts would rest on what is not known."""
        if EVERYWHERE in self.incomplete:
            return True
        if not self.incomplete and not self.unclear:
            return False
        scope = set(accounts)
        return not scope.isdisjoint(self.incomplete) or any(
            not scope.isdisjoint(self.unclear.get(standard, ())) for standard in standards
        )

    def incomplete_in(self, accounts: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Return what could not be read of some accounts, and what may be of any."""
        return _among(self.incomplete, accounts)

    def unclear_in(
        self, standards: Iterable[str], accounts: Collection[str]
    ) -> dict[str, Mapping[str, tuple[str, ...]]]:
        """Return where it is not known, in some accounts, what belongs to these standards."""
        found = {standard: _among(self.unclear.get(standard, {}), accounts) for standard in standards}
        return {standard: places for standard, places in found.items() if places}

    def lack(self, standard: str, accounts: Iterable[str]) -> bool:
        """Whether it is known that none of the accounts has a standard."""
        sizes, among = self.sizes.get(standard), frozenset(accounts)
        return sizes is not None and sizes.keys().isdisjoint(among) and not self.hide((standard,), among)

    def unnamed(self, standard: str, accounts: Iterable[str], named: int) -> int | None:
        """Return how many controls a standard has beside the `named` ones; None where that is not known.

        A standard of one size in all accounts and Regions is the same everywhere: what it has more than is
        named has no result anywhere. One of several sizes is known only where all of it is named.
        """
        if standard not in self.sizes:
            return 0
        by_account = self.sizes[standard]
        sizes = {size for account in accounts for size in by_account.get(account, ())}
        if not sizes:
            return None
        if all(size.named for size in sizes):
            return 0
        numbers = {size.controls for size in sizes}
        left = max(numbers) - named
        return left if len(numbers) == 1 and left >= 0 else None


EVERYWHERE = "*"
"""The account id of a gap that may be in any account."""

NO_GAPS = Gaps()


def _among(places: Mapping[str, tuple[str, ...]], accounts: Collection[str]) -> dict[str, tuple[str, ...]]:
    return {id_: regions for id_, regions in places.items() if id_ in accounts or id_ == EVERYWHERE}
