"""Sorting more than is to be in memory: what is sorted goes to files, which are read together."""

from collections.abc import Iterator
from contextlib import ExitStack
from heapq import merge
from pathlib import Path

_IN_MEMORY = 20_000


class SortedOnDisk:
    """Lines in their order, as often as one likes, of which so many are in memory at most.

    `folder`: where files may be; whoever made it removes them with it.
    """

    def __init__(self, folder: Path, in_memory: int = _IN_MEMORY) -> None:
        self._folder = folder
        self._in_memory = in_memory
        self._waiting: list[str] = []
        self._runs: list[Path] = []

    def add(self, line: str) -> None:
        """Take in a line; it must have no line end."""
        self._waiting.append(line)
        if len(self._waiting) >= self._in_memory:
            self._write()

    def __iter__(self) -> Iterator[str]:
        """Yield all lines; none may be added meanwhile."""
        with ExitStack() as stack:
            runs = [
                (line.removesuffix("\n") for line in stack.enter_context(run.open(encoding="utf-8")))
                for run in self._runs
            ]
            yield from merge(sorted(self._waiting), *runs)

    def _write(self) -> None:
        run = self._folder / f"sorted-{len(self._runs)}"
        with run.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in sorted(self._waiting))
        self._runs.append(run)
        self._waiting.clear()
