"""Attempts as a hub's store keeps them for the next holder. What was tried once may be tried again."""

import msgspec

from posture.domain.exceptions.attempts import AttemptKey, Attempts, LastAttempt
from posture.store.interface import KeptState


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
