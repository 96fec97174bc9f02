"""Tries as a hub's store keeps them for the next holder. What was tried once may be tried again."""

import msgspec

from posture.domain.suppression_tries import FindingId, Tries, Try
from posture.store import Store


def load(store: Store, key: str) -> dict[FindingId, Try]:
    """Return what is kept; none where there is nothing, or what another version of this program kept."""
    stored = store.state(key)
    try:
        return {} if stored is None else dict(msgspec.json.decode(stored, type=list[tuple[FindingId, Try]]))
    except msgspec.DecodeError:
        return {}


def save(store: Store, key: str, tries: Tries) -> None:
    """Keep what a new holder must know of."""
    kept = [(finding, each) for finding, each in tries.items() if each.times > 1 or each.undone]
    store.put_state({key: msgspec.json.encode(kept).decode()})
