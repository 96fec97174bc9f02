"""Policies with `Retain` that went while nothing could be written: their marks are taken off later.

A mark says itself that it is to stay suppressed, unless `Retain` was declared after the writes were frozen.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from posture.domain.selectors import Selection
from posture.domain.suppression import Phase, Policy, Terms
from posture.store import Store

_KEY = "suppression.retained"
_NOTHING = Selection((), ())


def remember(store: Store, names: Iterable[str]) -> None:
    """Remember policies (namespace/name) that are gone and leave their findings suppressed."""
    _put(store, _names(store) | set(names))


def forget(store: Store, names: Collection[str]) -> None:
    """Forget policies that have no marks any longer."""
    if kept := _names(store):
        _put(store, kept - set(names))


def retained(store: Store, declared: Sequence[Policy]) -> list[Policy]:
    """Return the policies that went so, as the rules take them, but for names that are declared again.

    What one of these has marked is from then on the business of the policy that has the name now.
    """
    names = _names(store)
    again = {each.terms.policy for each in declared if each.terms.deleted_at is None} & names
    if again:
        forget(store, again)
    return [
        Policy(
            terms=Terms(name, "", "", expires_at=1, created_at=0, deleted_at=0, retain=True),
            phase=Phase.RETAINED,
            scope="",
            selection=_NOTHING,
            max_findings=0,
        )
        for name in sorted(names - {each.terms.policy for each in declared})
    ]


def _names(store: Store) -> set[str]:
    stored = store.state(_KEY)
    return set() if stored is None else msgspec.json.decode(stored, type=set[str])


def _put(store: Store, names: set[str]) -> None:
    store.put_state({_KEY: msgspec.json.encode(sorted(names)).decode() if names else None})
