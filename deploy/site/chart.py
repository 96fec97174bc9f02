"""`python -m deploy.site.chart`: writes `docs/reference/chart.md`, of the chart's values.

With `--check` nothing is written; a stale page is named and the exit code is 1.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from posture.api.generated import Files, Generator

_CHART = Path(__file__).parents[1] / "helm" / "posture-operator"
_INTRODUCTION = """\
<!-- Made by `make generate` from the chart's values.yaml; edit the comments there. -->
# Values of the chart

What they are for, by topic, is on [the chart's own
page](../../deploy/helm/posture-operator/README.md). What is not below is refused, by the chart's schema;
values below `config` are those of [the configuration file](configuration.md).

| value | default | meaning |
|---|---|---|
"""


class Value(NamedTuple):
    """One value: its path, its default as JSON (None: it has values of its own), and what is said of it."""

    path: str
    default: str | None
    says: str


def values() -> list[Value]:
    """Give the chart's values in their order, with those that are only a heading and say something."""
    text = (_CHART / "values.yaml").read_text("utf-8")
    root = yaml.compose(text)
    if not isinstance(root, yaml.MappingNode):
        raise TypeError("values.yaml is no mapping")
    found = _below(root, "", text.splitlines())
    return [each for each in found if each.default is not None or each.says]


def _below(node: yaml.MappingNode, prefix: str, lines: list[str]) -> Iterator[Value]:
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        says = _above(lines, key.start_mark.line)
        if isinstance(value, yaml.MappingNode) and value.value and not value.flow_style:
            yield Value(path, None, says)
            yield from _below(value, f"{path}.", lines)
        else:
            default = yaml.safe_load(yaml.serialize(value))
            yield Value(path, json.dumps(default, ensure_ascii=False), says)


def _above(lines: list[str], line: int) -> str:
    """Give the comment that stands right above a line."""
    first = line
    while first and lines[first - 1].strip().startswith("#"):
        first -= 1
    return " ".join(each.strip().removeprefix("#").strip() for each in lines[first:line])


def page() -> str:
    """Give the page as Markdown."""
    return _INTRODUCTION + "".join(map(_row, values()))


def _row(value: Value) -> str:
    default = "" if value.default is None else f"`{value.default}`"
    says = value.says.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
    return f"| `{value.path}` | {default} | {says} |\n"


def files() -> Files:
    """Give what is generated."""
    return {Path("docs", "reference", "chart.md"): page()}


GENERATOR = Generator("deploy.site.chart", files)

if __name__ == "__main__":
    sys.exit(GENERATOR.main())
