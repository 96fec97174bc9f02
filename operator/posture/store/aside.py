"""Files that cannot be used are kept beside the new ones, for whoever wants to know what happened to them."""

from pathlib import Path

KEPT = 2
_JOURNALS = ("", "-wal")


def move_aside(path: Path) -> Path:
    """Rename a database and its journal to `<name>.broken-1` and return that path.

    The one that was there becomes `.broken-2`; older ones are deleted. No connection to the file may be open.
    """
    for suffix in _JOURNALS:
        for n in range(KEPT, 0, -1):
            source = path if n == 1 else _aside(path, n - 1)
            target = Path(f"{_aside(path, n)}{suffix}")
            target.unlink(missing_ok=True)
            try:
                Path(f"{source}{suffix}").replace(target)
            except FileNotFoundError:
                continue
    Path(f"{path}-shm").unlink(missing_ok=True)
    return _aside(path, 1)


def _aside(path: Path, n: int) -> Path:
    return path.with_name(f"{path.name}.broken-{n}")
