"""`python -m posture.cli.pages`: writes `docs/remediation/` from the declarations of the builtin actions.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import sys
from pathlib import Path

from posture.api.generated import Files, Generator
from posture.cli.builtins.page import index, page
from posture.remediation.actions.registry import builtin_actions

_FOLDER = Path("docs", "remediation")


def files() -> Files:
    """Give what is generated."""
    actions = builtin_actions()
    pages = {_FOLDER / f"{name}.md": page(action) for name, action in actions.items()}
    return {**pages, _FOLDER / "README.md": index(actions.values())}


GENERATOR = Generator("posture.cli.pages", files, owned=(f"{_FOLDER}/*.md",))

if __name__ == "__main__":
    sys.exit(GENERATOR.main())
