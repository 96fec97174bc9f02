"""How much is stored."""

from collections import Counter

from posture.store.changes import ACTIVE
from posture.store.database import Database
from posture.store.dimensions import Dimensions
from posture.store.records import Summary


def summarize(database: Database, dimensions: Dimensions) -> Summary:
    """Count all rows; one pass over them."""
    products: Counter[str] = Counter()
    active = 0
    oldest: int | None = None
    for state, check, n, asked in database.rows(
        "SELECT state, chk, count(*), min(asked) FROM finding GROUP BY state, chk"
    ):
        products[dimensions.checks.values[check].product] += n
        active += n if state == ACTIVE else 0
        oldest = asked if oldest is None else min(oldest, asked)
    return Summary(products.total(), active, products, oldest)
