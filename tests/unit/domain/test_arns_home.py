"""ARNs have one home: no other module has a pattern of one, or puts one together."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import posture
import sandbox

HOME = Path(posture.__file__).parent / "domain" / "arns.py"


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and text of each string of a module, docstrings left out; f-strings in their parts."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def modules(package: str | None) -> list[Path]:
    assert package is not None
    found = sorted(Path(package).parent.rglob("*.py"))
    assert len(found) > 10
    return found


@pytest.mark.parametrize("path", [each for each in modules(posture.__file__) if each != HOME], ids=str)
def test_no_other_module_reads_or_makes_arns(path: Path) -> None:
    """What speaks to people may show one: it has words, hence spaces."""
    assert [(line, text) for line, text in texts(path) if "arn:" in text and " " not in text] == []


@pytest.mark.parametrize("path", modules(sandbox.__file__), ids=str)
def test_the_sandbox_takes_no_partition_for_granted(path: Path) -> None:
    assert [(line, text) for line, text in texts(path) if "arn:aws" in text] == []


def test_the_search_finds_what_it_is_for(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""Of arn:aws."""\nROLE = f"arn:aws:iam::{1}:role/x"\n')
    assert [each for each in texts(module) if "arn:" in each[1]] == [(2, "arn:aws:iam::")]
