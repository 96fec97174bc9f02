"""SuppressionPolicies of what is imported: named, within the API's bounds, as the API server takes them."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from posture.api.admission import refusals, spec_schema
from posture.api.resource import API_VERSION, dotted
from posture.api.suppression_policy import SuppressionPolicy
from posture.cli.importing.rules import CannotSayError, ImportedRule, Selector
from posture.domain.text import one_line

_LONGEST_NAME = 63
_DIGEST = 8
_LONGEST_SLUG = 40
_LEAST_WHY, _MOST_WHY = 20, 250


class ImportTerms(NamedTuple):
    """What the command line says of all policies; a rule's own words go first."""

    target: str
    namespace: str
    approved_by: str
    expires_at: str
    justification: str


class NamedPolicy(NamedTuple):
    """A policy as JSON, and what is to be known of it."""

    document: Mapping[str, Any]
    remarks: Sequence[str]


def policies_of(rule: ImportedRule, terms: ImportTerms) -> list[NamedPolicy]:
    """Return the policies that select what a rule does: one, or several where one cannot hold it all.

    Raises CannotSayError where the API takes none such.
    """
    justification, remark = _justification(rule, terms)
    exceptions = _within_bounds(rule.exceptions)
    if len(exceptions) > _bounds()["exceptions"]:
        raise CannotSayError(
            f"it has {len(exceptions)} exceptions, a policy has {_bounds()['exceptions']}: write fewer"
        )
    parts = _cut(_within_bounds(rule.match), _bounds()["match"])
    found = []
    for number, match in enumerate(parts, 1):
        spec: dict[str, Any] = {
            "targetRef": {"name": terms.target},
            "justification": justification,
            "approvedBy": rule.approved_by or terms.approved_by,
            "expiresAt": rule.expires_at or terms.expires_at,
        }
        if rule.reference:
            spec["reference"] = rule.reference
        spec["suppressFindings"] = {"match": match}
        if exceptions:
            spec["suppressFindings"]["exceptions"] = exceptions
        metadata = {"name": _name(rule, number)}
        if terms.namespace:
            metadata["namespace"] = terms.namespace
        document = {
            "apiVersion": API_VERSION,
            "kind": SuppressionPolicy.__name__,
            "metadata": metadata,
            "spec": spec,
        }
        _check(document)
        several = (f"part {number} of {len(parts)}: a policy has up to {_bounds()['match']} selectors",)
        found.append(NamedPolicy(document, (*rule.remarks, *remark, *(several if len(parts) > 1 else ()))))
    return found


def _justification(rule: ImportedRule, terms: ImportTerms) -> tuple[str, tuple[str, ...]]:
    own = rule.why.strip()
    if _LEAST_WHY <= len(own) <= _MOST_WHY:
        return own, ()
    if not terms.justification:
        has = f"its own has {len(own)}" if own else "it has none"
        raise CannotSayError(
            f"a policy needs a justification of {_LEAST_WHY} to {_MOST_WHY} characters, and {has}: write one"
            " there, or give --justification"
        )
    remark = f"its justification is that of the command line, its own has {len(own)} characters: {own}"
    return terms.justification, (remark,) if own else ()


def _name(rule: ImportedRule, number: int) -> str:
    """Name a policy after what it is about, and by a digest of what tells its rule from others."""
    slug = re.sub("[^a-z0-9]+", "-", rule.about.lower())[:_LONGEST_SLUG].strip("-") or "rule"
    digest = hashlib.sha256(rule.identity.encode(errors="replace")).hexdigest()[:_DIGEST]
    name = f"{slug}-{digest}" + (f"-{number}" if number > 1 else "")
    if len(name) > _LONGEST_NAME:
        raise RuntimeError("a slug, a digest and a number are never that long")
    return name


def _check(document: Mapping[str, Any]) -> None:
    problems = refusals(SuppressionPolicy, document)
    if problems:
        path, says = problems[0]
        value: Any = document
        for part in path:
            known = isinstance(value, dict) and part in value
            value = value[part] if known or (isinstance(value, list) and isinstance(part, int)) else None
        shown = f" ({one_line(value)[:80]!r})" if isinstance(value, str) else ""
        raise CannotSayError(f"the API does not take its {dotted(path)}{shown}: {says}")


@cache
def _schemas() -> Mapping[str, Any]:
    spec = spec_schema(SuppressionPolicy)
    lists: Mapping[str, Any] = spec["properties"]["suppressFindings"]["properties"]
    return lists


@cache
def _bounds() -> Mapping[str, int]:
    """Return how many entries the API takes: of selectors, and in each list of one."""
    schemas = _schemas()
    fields = schemas["match"]["items"]["properties"]
    found = {name: schemas[name]["maxItems"] for name in ("match", "exceptions")}
    found |= {name: field["maxItems"] for name, field in fields.items() if "maxItems" in field}
    return {**found, "tags": fields["tags"]["additionalProperties"]["maxItems"]}


def _within_bounds(selectors: Sequence[Selector]) -> list[Selector]:
    """Cut lists that are too long to several selectors: of these any will do, as of the values of a list."""
    found: dict[str, Selector] = {}
    for selector in selectors:
        lists = [[(name, part) for part in _parts(name, values)] for name, values in selector.items()]
        for parts in product(*lists):
            found.setdefault(repr(parts), dict(parts))
    return list(found.values())


def _cut(values: Iterable[Any], most: int) -> list[Sequence[Any]]:
    every = list(values)
    return [every[at : at + most] for at in range(0, len(every), most)]


def _parts(name: str, values: Any) -> Iterator[Any]:  # noqa: ANN401 - a list of a selector, or its tags
    if name == "tags":
        # A selector of tags asks for one key here; of several all would have to fit.
        ((key, texts),) = values.items()
        yield from ({key: part} for part in _cut(texts, _bounds()["tags"]))
    else:
        yield from _cut(values, _bounds()[name])
