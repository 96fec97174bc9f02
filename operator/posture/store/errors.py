"""What can go wrong with a store, as types: try again later, or open it anew and read everything again."""


class StoreError(Exception):
    """A store that did not do what it was asked to; nothing of the call has been kept.

    `reason` is PascalCase for a condition, `advice` says what the user should do.
    """

    def __init__(self, message: str, *, reason: str, advice: str) -> None:
        super().__init__(f"{message}: {advice}")
        self.reason = reason
        self.advice = advice


class StoreUnavailable(StoreError):  # noqa: N818 - says what it is: the same call may succeed later, unchanged
    """The disk is full, fails or is read-only, or another process holds the store."""


class StoreLost(StoreError):  # noqa: N818 - says what happened to it
    """The file was deleted, replaced or damaged under the running process.

    The store has closed itself. `Store.open` makes a new one, into which everything must be read again.
    """
