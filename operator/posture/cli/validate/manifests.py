"""Objects of our kinds as they stand in files: which files are read, and what of them is an object."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from posture.api.crds import KINDS
from posture.api.resource import GROUP, CustomResource, Path
from posture.cli.validate.reading import ManifestDocument, Position, documents_in

STANDARD_INPUT = "-"
OF_KIND: Mapping[str, type[CustomResource]] = {kind.__name__: kind for kind in KINDS}
_SUFFIXES = {".yaml", ".yml", ".json"}
_OURS = re.compile(rb"posture\.dev/|\b(?:" + b"|".join(name.encode() for name in OF_KIND) + rb")\b")


class ManifestSource(NamedTuple):
    """A file. `name`: as it was given, or found below what was given."""

    name: str
    content: bytes


class Unread(NamedTuple):
    """A file that cannot be read, or a place in one, and why."""

    file: str
    position: Position
    says: str


class Manifest(NamedTuple):
    """An object of the group `posture.dev`, or one that may be; `path`: the way to it in its document."""

    file: str
    document: ManifestDocument
    path: Path
    content: Mapping[str, Any]

    def position(self, path: Path) -> Position:
        """Return where a part of the object stands."""
        return self.document.position((*self.path, *path))

    @property
    def kind(self) -> str:
        """Its kind as it is written, empty where that is no text."""
        return _text(self.content.get("kind"))

    @property
    def name(self) -> str:
        """Its name, behind its namespace where one is written; empty where it has none."""
        metadata = self.content.get("metadata")
        given = metadata if isinstance(metadata, dict) else {}
        name = _text(given.get("name")) or _text(given.get("generateName"))
        namespace = _text(given.get("namespace"))
        return f"{namespace}/{name}" if namespace and name else name


class FoundManifests(NamedTuple):
    """What files hold. `others`: objects of other groups; `files`: those that could be read."""

    manifests: list[Manifest]
    unread: list[Unread]
    others: int
    files: int = 1


def sources(paths: Iterable[str], standard_input: bytes) -> Iterator[ManifestSource | Unread]:
    """Read files, and those below folders that may hold our objects; `-` is standard input."""
    for path in dict.fromkeys(paths):
        if path == STANDARD_INPUT:
            yield ManifestSource("standard input", standard_input)
        elif os.path.isdir(path):  # noqa: PTH112 - a path stays written as it was given
            yield from _below(path)
        else:
            yield _read(path)


def found_below(paths: Sequence[str]) -> FoundManifests:
    """Return what is in files, in folders and, for `-`, on standard input."""
    standard_input = sys.stdin.buffer.read() if STANDARD_INPUT in paths else b""
    all_of_them = FoundManifests([], [], 0, 0)
    for source in sources(paths, standard_input):
        if isinstance(source, Unread):
            all_of_them.unread.append(source)
            continue
        found = found_in(source)
        all_of_them.manifests.extend(found.manifests)
        all_of_them.unread.extend(found.unread)
        all_of_them = all_of_them._replace(
            others=all_of_them.others + found.others, files=all_of_them.files + 1
        )
    return all_of_them


def found_in(source: ManifestSource) -> FoundManifests:
    """Return the objects of a file."""
    found = FoundManifests([], [], 0)
    for document in documents_in(source.content):
        found.unread.extend(Unread(source.name, *each) for each in document.misread)
        others = 0
        for path, content in _objects(document.value, ()):
            if _is_ours(content):
                found.manifests.append(Manifest(source.name, document, path, content))
            else:
                others += 1
        found = found._replace(others=found.others + others)
    return found


def _below(folder: str) -> Iterator[ManifestSource | Unread]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            path = FilePath(place, name)
            if path.suffix not in _SUFFIXES:
                continue
            source = _read(str(path))
            # Templates and values of charts are no YAML of ours.
            if isinstance(source, Unread) or _OURS.search(source.content):
                yield source


def _read(path: str) -> ManifestSource | Unread:
    try:
        return ManifestSource(path, FilePath(path).read_bytes())
    except OSError as error:
        return Unread(path, Position(1, 1), f"cannot be read: {error.strerror}")


def _objects(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:  # noqa: ANN401 - JSON
    """Return the objects of a document: itself, or the items of a list."""
    if not isinstance(value, dict):
        return
    items = value.get("items")
    if _text(value.get("kind")).endswith("List") and isinstance(items, list):
        for place, each in enumerate(items):
            yield from _objects(each, (*path, "items", place))
        return
    yield path, value


def _is_ours(content: Mapping[str, Any]) -> bool:
    version = _text(content.get("apiVersion"))
    if version.partition("/")[0] == GROUP:
        return True
    return not version and _text(content.get("kind")) in OF_KIND


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
