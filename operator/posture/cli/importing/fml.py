"""Rules of awsfindingsmanagerlib: what each selects, by the library's own `Finding.is_matching_rule` (1.5).

A rule's fields are ANDed, a list is an OR; names and ids are compared whole and with case,
`resource_id_regexps` are searched for, and of `tags` any pair on any resource will do. The library keeps its
rules in a set in which those with equal notes are one: it drops all but the first.
"""

from collections.abc import Mapping
from typing import Any

from posture.cli.importing.documents import read_rules_document
from posture.cli.importing.rules import (
    CannotSayError,
    Imported,
    ImportedRule,
    LeftOut,
    NotReadableError,
    Selector,
    as_it_is,
    searched,
)
from posture.domain.findings import OWN_NAMES, sounds_own
from posture.domain.text import counted

_TEXTS = ("product_name", "rule_or_control_id", "security_control_id", "title")
_LISTS = ("regions", "resource_id_regexps", "tags")
_PEER = "awsfindingsmanagerlib"
_NARROWER = (
    "policies select no finding that passed, which the library suppresses too, and a control only in findings"
    " of Security Hub's own, where any product may name one"
)


def rules_of_fml(content: bytes) -> Imported:
    """Read a file of rules (`Rules`, as the library does). Raises NotReadableError."""
    document = read_rules_document(content)
    rules = document.value.get("Rules") if isinstance(document.value, dict) else None
    if not isinstance(rules, list):
        raise NotReadableError(f"has no list `Rules` at its top, as {_PEER} reads")
    entries: list[ImportedRule | LeftOut] = []
    first: dict[str, str] = {}
    for index, rule in enumerate(rules):
        place = f"rule {index + 1}, line {document.lines['Rules', index]}"
        try:
            entries.append(_rule(place, rule, first))
        except CannotSayError as error:
            entries.append(LeftOut(place, str(error)))
    return Imported(entries, (_NARROWER,) if entries else ())


def _rule(place: str, rule: Any, first: dict[str, str]) -> ImportedRule:  # noqa: ANN401 - JSON
    match_on = _checked(rule)
    note: str = rule["note"]
    if note in first:
        raise CannotSayError(
            f"it has the note of {first[note]}: {_PEER} keeps one rule for each note, the first, so this one"
            " selects nothing there; give it a note of its own"
        )
    first[note] = place
    given = {name: value for name, value in match_on.items() if value}
    match, remarks = _match(given)
    about = given.get("security_control_id") or given.get("title") or given.get("product_name") or "rule"
    return ImportedRule(place, about, note, match, why=note, remarks=remarks)


def _match(given: Mapping[str, Any]) -> tuple[list[Selector], tuple[str, ...]]:
    """Return what a rule selects. `given`: what of `match_on` is not empty, which asks for nothing."""
    remarks: list[str] = []
    if "rule_or_control_id" in given:
        raise CannotSayError(
            "rule_or_control_id is the number that classic findings of one standard bear, and no selector"
            " looks at it: write security_control_id, the control's id in all standards"
        )
    common: dict[str, Any] = {}
    if control := given.get("security_control_id"):
        common["controls"] = [_control(control)]
    if product := given.get("product_name"):
        common["products"] = [_product(product, remarks)]
    if title := given.get("title"):
        common["titles"] = [as_it_is("title", title)]
    if regions := given.get("regions"):
        common["regions"] = [as_it_is("regions", region) for region in dict.fromkeys(regions)]
    ids = searched("resource_id_regexps", given.get("resource_id_regexps", ()))
    if ids and ids != ("*",):
        common["resourceIds"] = ids
    match: list[Selector] = [{**common, "tags": tags} for tags in _tags(given)]
    if not match and not common:
        remarks.append("it asks for nothing, so it selects every finding")
        common["accounts"] = ["*"]
    elif match and "resourceIds" in common:
        raise CannotSayError(
            "it asks for tags and for resource_id_regexps: to the library different resources of a finding"
            " may have them, a selector asks for one same resource; write it by hand where a finding has one"
        )
    return match or [common], tuple(remarks)


def _tags(given: Mapping[str, Any]) -> list[dict[str, list[str]]]:
    """Return tags by key: of different keys any will do too, so that each needs a selector of its own."""
    by_key: dict[str, dict[str, None]] = {}
    for tag in given.get("tags", ()):
        by_key.setdefault(tag["key"], {})[as_it_is(f"tags: {tag['key']}", tag["value"])] = None
    return [{key: list(values)} for key, values in by_key.items()]


def _control(control: str) -> str:
    service = as_it_is("security_control_id", control).partition(".")[0]
    if not service[:1].isupper():
        raise CannotSayError(
            f"security_control_id {control!r} is spelled as AWS spells none: {_PEER} compares with case, so"
            " the rule selects nothing there; write it as AWS does, such as S3.11"
        )
    return control


def _product(product: str, remarks: list[str]) -> str:
    if product in OWN_NAMES:
        remarks.append(
            f"product_name {product}: {' and '.join(OWN_NAMES)} are one product to a policy, whichever name a"
            " finding bears"
        )
    elif sounds_own(product) or product != product.strip():
        raise CannotSayError(f"product_name {product!r} is the name of no product: write it as findings do")
    return as_it_is("product_name", product)


def _checked(rule: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """Return `match_on` of a rule that the library takes (its `validations`). Raises CannotSayError."""
    if isinstance(rule, dict) and "Filters" in rule:
        raise CannotSayError(
            f"it is a rule of {_PEER} 2, with Filters, and rules of 1.x are read, with match_on: write a"
            " policy by hand"
        )
    if not isinstance(rule, dict) or set(rule) != {"note", "action", "match_on"}:
        raise _refused("a rule has note, action and match_on, and nothing else")
    match_on = rule["match_on"]
    if not isinstance(rule["note"], str) or rule["action"] != "SUPPRESSED":
        raise _refused("a note is text, and the only action is SUPPRESSED")
    if not isinstance(match_on, dict) or not match_on.keys() <= {*_TEXTS, *_LISTS}:
        raise _refused(f"match_on may have {', '.join(sorted((*_TEXTS, *_LISTS)))}")
    if {"security_control_id", "rule_or_control_id"} <= match_on.keys():
        raise _refused("security_control_id and rule_or_control_id exclude each other")
    wrong = [name for name in _TEXTS if not isinstance(match_on.get(name, ""), str)]
    wrong += [name for name in _LISTS if not _is_list(name, match_on.get(name, []))]
    if wrong:
        raise _refused(
            f"{counted(len(wrong), 'field has', 'fields have')} not the type that is read: {', '.join(wrong)}"
        )
    return match_on


def _is_list(name: str, value: object) -> bool:
    if not isinstance(value, list):
        return False
    if name != "tags":
        return all(isinstance(each, str) for each in value)
    return all(
        isinstance(each, dict)
        and each.keys() == {"key", "value"}
        and all(isinstance(text, str) for text in each.values())
        for each in value
    )


def _refused(says: str) -> CannotSayError:
    return CannotSayError(f"{_PEER} refuses it, and the whole file with it: {says}")
