"""Stores that nobody uses any more: their hub is not declared, and nothing has been written for long."""

import logging
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from posture.store.database import Database
from posture.store.errors import StoreError, StoreUnavailable
from posture.store.stopping import Stop

logger = logging.getLogger(__name__)

_FILE = re.compile(r"(?P<store>posture-hub-[0-9a-f]{16}\.sqlite)(-wal|-shm|-journal|\.broken-\d+)?", re.ASCII)


def remove_unused(directory: Path, in_use: Collection[Path], written_before: float) -> list[Path]:
    """Remove the stores in a directory that are not among `in_use`; return their paths.

    Only those of which no file was written since (seconds since the epoch), and which no process has open:
    with each goes its journal and what was moved aside of it. Files that are named otherwise are not touched.
    What cannot be removed is logged and stays.
    """
    removed = []
    for path in sorted(_stores(directory) - set(in_use)):
        try:
            if _is_old(path, written_before) and not _is_open(path):
                size = _remove(path)
                removed.append(path)
                logger.info("Removed the store %s, which no target uses any more (%d bytes)", path, size)
        except OSError as error:
            logger.warning(
                "The store %s, which no target uses any more, could not be removed: %s", path, error
            )
    return removed


def _stores(directory: Path) -> set[Path]:
    matches = (_FILE.fullmatch(file.name) for file in directory.iterdir())
    return {directory / match["store"] for match in matches if match}


def _files(store: Path) -> Iterator[Path]:
    """Yield what belongs to a store, itself first: whoever has it open notices by that."""
    for file in sorted(store.parent.glob(f"{store.name}*")):
        match = _FILE.fullmatch(file.name)
        if match and match["store"] == store.name and file.is_file():
            yield file


def _is_old(store: Path, written_before: float) -> bool:
    return all(file.stat().st_mtime < written_before for file in _files(store))


def _is_open(store: Path) -> bool:
    """Whether another process, or another part of this one, has it open, or that cannot be told."""
    if not store.exists():
        return False
    try:
        Database(store, Stop()).close()
    except StoreUnavailable:
        return True
    except StoreError:
        # It is damaged, and has been moved aside: nobody can have it open.
        return False
    return False


def _remove(store: Path) -> int:
    """Remove the files of a store; return how many bytes they held."""
    size = 0
    for file in list(_files(store)):
        size += file.stat().st_size
        file.unlink()
    return size
