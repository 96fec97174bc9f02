"""Policies as YAML with comments, which kubectl reads as it was meant."""

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from posture.cli.validate.reading import documents_in
from posture.domain.text import one_line


class _Dumper(yaml.SafeDumper):
    """Quotes what kubectl would take for something else than text: `012345678901` is a number to it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - the library's own
        """Indent lists below their name."""
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 - whatever YAML holds
        """Write a value as often as it is there."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = (
        text.isascii()
        and text.isprintable()
        and [each.value for each in documents_in(text.encode())] == [text]
    )
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def as_manifest(document: Mapping[str, Any]) -> str:
    """Return an object as a YAML document, with the line that begins it."""
    dumped: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10_000, explicit_start=True)
    return dumped


def as_comment(lines: Iterable[str]) -> str:
    """Return comments, a line each, whatever the texts hold."""
    return "".join(f"# {one_line(line)}\n" for line in lines)
