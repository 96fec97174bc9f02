"""Files that cannot be used are kept beside the new ones, for whoever wants to know what happened to them."""

from itertools import pairwise
from pathlib import Path

from posture.store.errors import StoreUnavailable

KEPT = 2


def move_aside(path: Path) -> Path:
    """Rename a database to `<name>.broken-1` and return that path; no connection to it may be open.

    The one that was there becomes `.broken-2`; older ones are deleted. A journal needs no care: closing has
    moved it into the file, and SQLite drops one that it finds beside an empty file. Raises
    `StoreUnavailable`.
    """
    names = [path, *(path.with_name(f"{path.name}.broken-{n}") for n in range(1, KEPT + 1))]
    try:
        for source, target in reversed(list(pairwise(names))):
            if source.exists():
                source.replace(target)
    except OSError as error:
        raise StoreUnavailable(
            f"The store {path.name} cannot be used, nor moved aside ({error.strerror})",
            reason="StoreNotWritable",
            advice=f"delete {path} and what is named after it",
        ) from error
    return names[1]
