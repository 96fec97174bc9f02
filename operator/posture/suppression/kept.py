"""What a hub's store keeps for the next holder: attempts, and policies that went and left their marks.

What was tried once may be tried again. Policies with `Retain` that went while nothing could be written: their
marks are taken off later. A mark says itself that it is to stay suppressed, unless `Retain` was declared
after the writes were frozen.
"""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from posture.domain.exceptions.attempts import AttemptKey, Attempts, LastAttempt
from posture.domain.exceptions.policy import Phase, Policy, Terms
from posture.domain.selection.selectors import Selection
from posture.store.interface import KeptState

_KEY = "suppression.retained"
_NOTHING = Selection((), ())


def load_attempts(kept: KeptState, key: str) -> dict[AttemptKey, LastAttempt]:
    """Return what is kept; none where there is nothing, or what another version of this program kept."""
    stored = kept.state(key)
    try:
        return (
            {}
            if stored is None
            else dict(msgspec.json.decode(stored, type=list[tuple[AttemptKey, LastAttempt]]))
        )
    except msgspec.DecodeError:
        return {}


def save_attempts(kept: KeptState, key: str, attempts: Attempts) -> None:
    """Keep what a new holder must know of."""
    lasting = [(key, each) for key, each in attempts.items() if each.times > 1 or each.undone]
    kept.put_state({key: msgspec.json.encode(lasting).decode()})


def remember(kept: KeptState, names: Iterable[str]) -> None:
    """Remember policies (namespace/name) that are gone and leave their findings suppressed."""
    _put(kept, _names(kept) | set(names))


def forget(kept: KeptState, names: Collection[str]) -> None:
    """Forget policies that have no marks any longer."""
    if known := _names(kept):
        _put(kept, known - set(names))


def retained(kept: KeptState, declared: Sequence[Policy]) -> list[Policy]:
    """Return the policies that went so, as the rules take them, but for names that are declared again.

    What one of these has marked is from then on the business of the policy that has the name now.
    """
    names = _names(kept)
    again = {each.terms.policy for each in declared if each.terms.deleted_at is None} & names
    if again:
        forget(kept, again)
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


def _names(kept: KeptState) -> set[str]:
    stored = kept.state(_KEY)
    return set() if stored is None else msgspec.json.decode(stored, type=set[str])


def _put(kept: KeptState, names: set[str]) -> None:
    kept.put_state({_KEY: msgspec.json.encode(sorted(names)).decode() if names else None})
