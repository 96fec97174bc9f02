"""`python -m posture.api.generate`: writes `crds/`, and pages below `docs/reference/`, from the models.

With `--check` nothing is written; stale files are named and the exit code is 1.
"""

import sys
from pathlib import Path

import yaml

from posture.api.crds import documents
from posture.api.generated import Files, Generator
from posture.api.reasons.page import page as conditions_page
from posture.api.reference import page

_HEADER = "# Generated from posture/api by `make generate`; edit the models there.\n"


def files() -> Files:
    """Give what is generated: path from the repository's root, content."""
    generated = {
        Path("crds", f"{document['metadata']['name']}.yaml"): _HEADER
        + yaml.safe_dump(document, sort_keys=False, width=110, allow_unicode=True)
        for document in documents()
    }
    reference = Path("docs", "reference")
    return {
        **generated,
        reference / "api.md": page(),
        reference / "conditions.md": conditions_page(),
    }


_GENERATOR = Generator("posture.api.generate", files, owned=("crds/*.yaml",))
stale, main = _GENERATOR.stale, _GENERATOR.main

if __name__ == "__main__":
    sys.exit(main())
