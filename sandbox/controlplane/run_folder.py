"""Temporary folders that are removed even when their owner had no chance to do so."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PREFIX = "posture-controlplane-"


@dataclass(frozen=True)
class RunFolder:
    """A private folder, locked for as long as its owner lives: one that can be locked was left behind."""

    path: Path
    _lock: int

    @classmethod
    def create(cls) -> Self:
        """Remove the folders that dead owners left behind, and make a new one."""
        _remove_abandoned()
        while True:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX))
            lock = _lock(path)
            if lock is not None:
                return cls(path, lock)

    def remove(self) -> None:
        """Remove the folder and what is in it. Harmless when done twice."""
        if self.path.exists():
            shutil.rmtree(self.path)
            os.close(self._lock)


def _remove_abandoned() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _lock(path)
        if lock is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _lock(path: Path) -> int | None:
    """Lock a folder; None if it is somebody else's, is locked, or has been removed meanwhile."""
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    with contextlib.suppress(OSError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(folder), path.stat()):
            return folder
    os.close(folder)
    return None
