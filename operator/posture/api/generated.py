"""Files of the repository that are generated: written, or compared with what they should be."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

Files = Mapping[Path, str]
"""Contents by path from the repository's root."""


class Generator(NamedTuple):
    """What a module generates.

    `module`: its name, as after `python -m`; `owned`: globs of what nobody else makes.
    """

    module: str
    files: Callable[[], Files]
    owned: tuple[str, ...] = ()

    def stale(self, root: Path) -> list[str]:
        """Name the files below `root` that are not what would be generated, or that nothing generates."""
        expected = self.files()
        wrong = [
            path
            for path, text in expected.items()
            if not (root / path).is_file() or (root / path).read_text("utf-8") != text
        ]
        there = [path.relative_to(root) for glob in self.owned for path in sorted(root.glob(glob))]
        return [str(path) for path in [*wrong, *(path for path in there if path not in expected)]]

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Write, or with `--check` compare; return the exit code, 1 for a file that is stale."""
        parser = argparse.ArgumentParser(prog=f"python -m {self.module}")
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
        parser.add_argument("--root", type=Path, default=Path(), help="the repository (default: here)")
        options = parser.parse_args(arguments)
        if options.check:
            names = self.stale(options.root)
            if names:
                sys.stderr.write(f"Stale: {', '.join(names)}. Run `make generate`.\n")
            return 1 if names else 0
        for path, text in self.files().items():
            target = options.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        for name in self.stale(options.root):
            (options.root / name).unlink()
        return 0
