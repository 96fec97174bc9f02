"""What is known of a hub's findings. All SQL is here."""

from posture.store.encoding import key_of
from posture.store.errors import StoreError, StoreLost, StoreUnavailable
from posture.store.records import (
    CellKey,
    CellRow,
    CustomerWrite,
    FindingRef,
    Members,
    Read,
    Rejection,
    Summary,
    Written,
)
from posture.store.stopping import Stop
from posture.store.store import Opened, Store
from posture.store.unused import remove_unused
from posture.store.very_many import let_go

__all__ = [
    "CellKey",
    "CellRow",
    "CustomerWrite",
    "FindingRef",
    "Members",
    "Opened",
    "Read",
    "Rejection",
    "Stop",
    "Store",
    "StoreError",
    "StoreLost",
    "StoreUnavailable",
    "Summary",
    "Written",
    "key_of",
    "let_go",
    "remove_unused",
]
