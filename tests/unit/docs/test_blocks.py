"""Blocks of YAML on pages are what they are said to be: objects, parts of them, configuration, values."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from posture.api.crds import KINDS, kind_schema
from posture.cli.validate.checks import verdicts
from posture.cli.validate.manifests import ManifestSource, found_in
from posture.config.file import ConfigError, load
from posture.config.grants import Grant
from posture.config.model import Config
from posture.domain.time import instant_of
from tests.support.pages import PAGES, ROOT, Block, blocks, named

_CHART = ROOT / "deploy" / "helm" / "posture-operator"
_VALUES = yaml.safe_load((_CHART / "values.yaml").read_text())
_SCHEMA = json.loads((_CHART / "values.schema.json").read_text())
_NOW = instant_of(datetime(2026, 11, 30, tzinfo=UTC))
_SPECS = {kind.__name__: kind_schema(kind)["properties"]["spec"] for kind in KINDS}
_TO_BE_WRITTEN = "not '…'"
"""The end of what is said of a value that whoever reads the page writes."""
_OF_OTHERS = {
    "docs/import.md": {"Rules"},  # awsfindingsmanagerlib's
    "docs/commands.md": {"validate"},  # GitLab's
}
"""Keys at the top of blocks that are in somebody else's words, by page."""


def wrong(text: str, folder: Path) -> list[str]:
    """Say what is wrong with a block of YAML of ours."""
    return [said for document in yaml.safe_load_all(text) for said in _wrong(document, text, folder)]


def _wrong(document: Any, text: str, folder: Path) -> Iterator[str]:
    if isinstance(document, list):
        yield from _as_configuration({"grants": document}, folder)
    elif isinstance(document, dict) and "kind" in document:
        yield from _of_object(document, text)
    elif isinstance(document, dict):
        yield from _of_part(document, folder)


def _of_object(document: dict[str, Any], text: str) -> Iterator[str]:
    if str(document.get("apiVersion", "")).startswith("posture.dev/"):
        found = found_in(ManifestSource("block", text.encode()))
        said = [each.message for each in verdicts(found.manifests, found.unread, Config(), _NOW)]
        yield from (each for each in said if not each.endswith(_TO_BE_WRITTEN))
    elif "apiVersion" not in document:
        yield from _unknown(_SPECS[document["kind"]], document["spec"], "spec")


def _of_part(document: dict[str, Any], folder: Path) -> Iterator[str]:
    if document.keys() == {"spec"}:
        document = document["spec"]
    keys = set(document)
    if keys <= _spelled(Config):
        yield from _as_configuration(document, folder)
    elif keys <= set(_VALUES):
        values = {"image": {"repository": "x"}, **document}
        yield from (each.message for each in jsonschema.Draft7Validator(_SCHEMA).iter_errors(values))
        yield from _as_configuration(document.get("config", {}), folder)
    elif keys <= _spelled(Grant):
        yield from _as_configuration({"grants": [{"namespaces": ["x"], **document}]}, folder)
    else:
        fits = [spec for spec in _SPECS.values() if keys <= spec["properties"].keys()]
        if not fits:
            yield f"{', '.join(sorted(keys))}: neither of a kind, nor of the configuration, nor of the chart"
        elif all(list(_unknown(spec, document, "spec")) for spec in fits):
            yield from _unknown(fits[0], document, "spec")


def _spelled(model: Any) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


def _as_configuration(document: Any, folder: Path) -> Iterator[str]:
    path = folder / "posture.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    try:
        load(path)
    except ConfigError as error:
        yield from error.problems


def _unknown(schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    """Name fields that a part of an object has, and its kind does not."""
    if isinstance(value, list):
        for each in value:
            yield from _unknown(schema.get("items", {}), each, f"{path}[]")
    elif isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            if key in schema["properties"]:
                yield from _unknown(schema["properties"][key], inner, f"{path}.{key}")
            else:
                yield f"there is no {path}.{key}"


def _is_of_others(page: Path, block: Block) -> bool:
    documents = [each for each in yaml.safe_load_all(block.text) if isinstance(each, dict)]
    return any(set(each) & _OF_OTHERS.get(named(page), set()) for each in documents)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_blocks_of_a_page_are_what_they_are_said_to_be(page: Path, tmp_path: Path) -> None:
    ours = [each for each in blocks(page) if each.language in {"yaml", "yml"}]
    found = [
        f"line {block.line}: {said}"
        for block in ours
        if not _is_of_others(page, block)
        for said in wrong(block.text, tmp_path)
    ]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_what_language_it_is_in(page: Path) -> None:
    known = {"yaml", "json", "console", "sh", "text", "mermaid", "promql", "hcl", "python", "csv", "lua", ""}
    assert {each.language for each in blocks(page)} <= known
    # Such blocks are checked as nothing.
    assert not [each for each in blocks(page) if each.language == "" and "posture.dev/v1alpha1" in each.text]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("apiVersion: posture.dev/v1alpha1\nkind: PostureTarget\nmetadata: {name: x}\nspec: {}", "required"),
        ("kind: PostureTarget\nspec: {publishes: []}", "no spec.publishes"),
        ("grouping: {organizationTag: {}}", "no spec.grouping.organizationTag"),
        ("spec: {aws: {event: {}}}", "no spec.aws.event"),
        ("grants: [{verb: [Score]}]", "does not know this field"),
        ("- {namespaces: [x], verbs: [Scores]}", "Score"),
        ("image: {repositry: x}", "repositry"),
        ("config: {quotaShare: 2}", "less than"),
        ("splendid: true", "neither of a kind"),
    ],
)
def test_a_block_that_is_wrong_is_found(text: str, says: str, tmp_path: Path) -> None:
    assert any(says in said for said in wrong(text, tmp_path)), wrong(text, tmp_path)
