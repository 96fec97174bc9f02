"""`python -m posture.cli.pages`: writes what commands, builtin actions and IAM roles declare, as pages.

`docs/reference/commands.md`; `docs/remediation/`, a page for each action; `docs/iam/`, and `deploy/iam/`,
templates of the roles.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import sys
from pathlib import Path

from posture.api.generated import Files, Generator
from posture.cli.builtins.page import index, page
from posture.cli.iam.page import example
from posture.cli.iam.page import page as iam_page
from posture.cli.iam.templates import as_cloudformation, as_terraform
from posture.cli.reference import page as commands_page
from posture.remediation.actions.registry import builtin_actions

_FOLDER = Path("docs", "remediation")
_TEMPLATES = Path("deploy", "iam")
_MADE = "# Made by `make generate`: see docs/iam/README.md. 111122223333 stands for your own account.\n"


def files() -> Files:
    """Give what is generated."""
    actions = builtin_actions()
    pages = {_FOLDER / f"{name}.md": page(action) for name, action in actions.items()}
    roles = example()
    return {
        **pages,
        _FOLDER / "README.md": index(actions.values()),
        Path("docs", "iam", "README.md"): iam_page(),
        Path("docs", "reference", "commands.md"): commands_page(),
        _TEMPLATES / "posture.yaml": _MADE + as_cloudformation(roles),
        _TEMPLATES / "posture.tf": _MADE + as_terraform(roles),
    }


GENERATOR = Generator("posture.cli.pages", files, owned=(f"{_FOLDER}/*.md", "docs/iam/*", f"{_TEMPLATES}/*"))

if __name__ == "__main__":
    sys.exit(GENERATOR.main())
