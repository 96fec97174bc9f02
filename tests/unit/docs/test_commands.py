"""Commands on pages name what exists: commands and options, make's targets, values of the chart, fields."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from posture.api.crds import CATEGORY, KINDS, kind_schema
from posture.cli import main
from tests.support.pages import PAGES, ROOT, commands, named, words

_VALUES = yaml.safe_load((ROOT / "deploy" / "helm" / "posture-operator" / "values.yaml").read_text())
_TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
_VARIABLES = set(re.findall(r"\b([A-Z]+_[A-Z_]+|IMAGE|PYTHON|WORKERS)\b", (ROOT / "Makefile").read_text()))
_SCHEMAS = {
    spelled: kind_schema(kind)
    for kind in KINDS
    for spelled in (kind.__name__.lower(), f"{kind.__name__.lower()}s", kind.short_name, kind.plural)
}
_OTHERS = {
    "configmap", "crd", "events", "leases", "namespace", "networkpolicy", "pods", "pvc", "rolebinding",
    "secret", "service", "servicemonitor", "statefulsets", "nodes", "storageclass", "volumesnapshot",
    "validatingadmissionpolicies",
}  # fmt: skip
_KUBECTL = {
    "annotate", "apply", "create", "delete", "describe", "get", "label", "logs", "patch", "port-forward",
    "posture", "rollout", "scale", "top", "wait", "edit", "exec", "config",
}  # fmt: skip
_HELM = {
    "get", "history", "install", "lint", "package", "pull", "rollback", "show", "template", "test",
    "uninstall", "upgrade",
}  # fmt: skip
_PLACEHOLDER = re.compile(r"[A-Z][A-Z_/]*|…|\.\.\.")


def wrong(command: str) -> str | None:
    """Say what a command names that does not exist; None: nothing."""
    given = words(command)
    rest = [each for each in given[1:] if not _PLACEHOLDER.fullmatch(each)]
    check = {"posture": _posture, "make": _make, "helm": _helm, "kubectl": _kubectl}[given[0]]
    said = check(rest)
    return None if said is None else f"{command}: {said}"


def _posture(rest: list[str]) -> str | None:
    if not rest or rest[0].startswith("-"):
        return None
    context = click.Context(main)
    command = main.get_command(context, rest[0])
    if command is None:
        return f"there is no command {rest[0]}"
    options = {each for param in command.params for each in (*param.opts, *param.secondary_opts)}
    asked = [each.strip("[]").split("=")[0] for each in rest[1:]]
    unknown = {each for each in asked if each.startswith("-") and len(each) > 1}
    unknown -= {*options, "-h", "--help"}
    return f"{rest[0]} has no {', '.join(sorted(unknown))}" if unknown else None


def _make(rest: list[str]) -> str | None:
    for each in rest:
        name, equals, _ = each.partition("=")
        if name not in (_VARIABLES if equals else _TARGETS):
            return f"there is no {name}"
    return None


def _helm(rest: list[str]) -> str | None:
    if rest[:1] and rest[0] not in _HELM:
        return f"helm has no {rest[0]}"
    for option, value in pairwise(rest):
        if option in {"--set", "--set-string"} and (missing := _missing_value(value.split("=")[0])):
            return f"the chart has no value {missing}"
    return None


def _missing_value(path: str) -> str | None:
    inside: Any = _VALUES
    for part in path.split("."):
        if not isinstance(inside, dict) or (inside and part not in inside):
            return path
        inside = inside.get(part, {})
    return None


def _kubectl(rest: list[str]) -> str | None:
    if not rest:
        return None
    if rest[0] == "posture":
        return _posture(rest[1:])
    if rest[0] not in _KUBECTL:
        return f"kubectl has no {rest[0]}"
    if rest[0] not in {"annotate", "delete", "describe", "get", "patch", "wait"} or len(rest) == 1:
        return None
    kinds = rest[1].split("/")[0].split(",") if not rest[1].startswith("-") else []
    unknown = [each for each in kinds if each not in {*_SCHEMAS, *_OTHERS, CATEGORY}]
    if unknown:
        return f"there is no kind {', '.join(unknown)}"
    paths = [path for each in rest for path in re.findall(r"\{\.((?:spec|status)[\w.]*)", each)]
    schemas = [_SCHEMAS[each] for each in kinds if each in _SCHEMAS]
    if missing := [path for path in paths for schema in schemas if not _has_field(schema, path)]:
        return f"there is no field {', '.join(missing)}"
    return None


def _has_field(schema: dict[str, Any], path: str) -> bool:
    for part in path.split("."):
        schema = schema.get("properties", {}).get(part)
        if schema is None:
            return False
        schema = schema.get("items", schema)
    return True


def without_namespace(command: str) -> bool:
    """Whether a command asks for objects of ours by kind, and finds nothing, as it says not where."""
    given = words(command)
    asking = {"annotate", "delete", "describe", "get", "patch"}
    if given[0] != "kubectl" or given[1] not in asking or len(given) < 4:
        return False
    ours = given[2].split("/")[0].split(",")[0] in _SCHEMAS
    says = {each.split("=")[0] for each in given}
    return ours and not says & {"-n", "--namespace", "-A", "--all-namespaces"}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_on_a_page_name_what_exists(page: Path) -> None:
    found = commands(page)
    assert [said for each in found if (said := wrong(each)) is not None] == []
    assert [each for each in found if without_namespace(each)] == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("posture scores", "no command scores"),
        ("posture score --regions eu-west-1", "score has no --regions"),
        ("posture validate -f FOLDER --strict", None),
        ("posture import fml|csv FILE --target T", None),
        ("kubectl posture sync organization --wait", None),
        ("kubectl posture synch organization", "no command synch"),
        ("make everything", "no everything"),
        ("make demo DEMO_EXIT=1", None),
        ("helm install x --set image.repositry=y", "no value image.repositry"),
        ("helm install x --set config.ownerId=y", None),
        ("helm upgrad x", "no upgrad"),
        ("kubectl get posturetargtes -A", "no kind posturetargtes"),
        ("kubectl obtain pods", "no obtain"),
        ("kubectl get pt x -n y -o jsonpath='{.status.scor}'", "no field status.scor"),
        ("kubectl get pt x -n y -o jsonpath='{.status.accounts.silent}'", None),
    ],
)
def test_what_does_not_exist_is_found(command: str, says: str | None) -> None:
    said = wrong(command)
    assert (said is None) if says is None else (said is not None and says in said)


@pytest.mark.parametrize(
    ("command", "lacks"),
    [
        ("kubectl annotate posturetarget organization a=b", True),
        ("kubectl get pt organization -n security", False),
        ("kubectl get posturetargets --all-namespaces", False),
        ("kubectl get pods x", False),
    ],
)
def test_objects_of_a_namespace_are_asked_for_in_one(command: str, lacks: bool) -> None:
    assert without_namespace(command) is lacks
