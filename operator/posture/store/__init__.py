"""What is known of a hub's findings. All SQL is here."""

from posture.domain.findings import Rejection
from posture.store.errors import Stop, StoreError, StoreLost, StoreUnavailable
from posture.store.records import (
    CellKey,
    CellRow,
    CustomerWrite,
    FindingRef,
    Members,
    Read,
    Summary,
    Written,
    let_go,
)
from posture.store.sqlite.encoding import key_of
from posture.store.sqlite.files import remove_unused
from posture.store.sqlite.store import Opened, Store

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
