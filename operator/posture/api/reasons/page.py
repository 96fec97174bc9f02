"""The reference page of conditions and events, made from the registry."""

from collections.abc import Iterator, Mapping

from posture.api.reasons.meaning import AWS, STORE, ConditionTold, EventTold, KindTold, Meaning, Meanings
from posture.api.reasons.registry import GROUPS, KINDS_TOLD
from posture.api.reasons.words import ReasonWord

_INTRODUCTION = """\
<!-- Generated from posture/api/reasons by `make generate`; edit the registry there. -->
# Conditions and events

What objects say of themselves, by kind: `kubectl describe posturetarget NAME --namespace NAMESPACE`,
or `posture status`. A condition has a `status`, a `reason` in one word, and a message that says what to do.
No other reasons are given.

Two conditions are on every kind, and repeat the reason of another one:

- `Reconciling` is `True` while the operator still works on it, and will finish by itself.
- `Stalled` is `True` when a person has to do something, as the message says.

So `kubectl wait --for=condition=Ready` works for all kinds, and so do tools that know kstatus, such as Flux.

An event with the condition's reason is posted when a condition changes its status or reason, where its table
says which status is bad news: `Warning` for that, `Normal` otherwise. The API server keeps events for an
hour.
"""
_AWS = """\
Of a role, a Region or a call that the message names, with AWS's own words. `posture check` tries all of them
at once.
"""
_STORE = """\
Of the local file in which a replica keeps what it has read. It is a cache: whatever is lost is read again.
"""


def page() -> str:
    """Give the whole page as Markdown."""
    shared = (_section("Reasons of AWS", _AWS, AWS), _section("Reasons of the store", _STORE, STORE))
    return "\n".join([_INTRODUCTION, *map(_kind, KINDS_TOLD), *shared])


def _kind(told: KindTold) -> str:
    parts = [f"## {told.kind}\n", *(_condition(told.kind, each) for each in told.conditions)]
    if told.events:
        parts.append(_events(told.kind, told.events))
    return "\n".join(parts)


def _condition(kind: str, told: ConditionTold) -> str:
    lines = [f"### {kind}: {told.type}", "", f"True: {told.says}."]
    if told.told:
        lines[-1] += f" `{told.told}` is bad news."
    lines += ["", "| status | reason | means | what to do |", "|---|---|---|---|"]
    for status, reasons in told.by_status().items():
        lines += [f"| `{status}` | {row}" for row in _rows(reasons, told.type)]
    return "\n".join([*lines, ""])


def _rows(reasons: Meanings, condition: str) -> Iterator[str]:
    """Give the cells after the status; what a group tells is not told again."""
    left = dict(reasons)
    pointers = []
    for pointer, group in GROUPS:
        if group.items() <= left.items() and f"`{condition}`" not in pointer:
            left = {reason: meaning for reason, meaning in left.items() if reason not in group}
            pointers.append(pointer)
    for reason, meaning in left.items():
        yield f"`{reason}` | {meaning.means} | {meaning.do} |"
    for pointer in pointers:
        yield f"{pointer} | | |"


def _events(kind: str, events: Mapping[ReasonWord, EventTold]) -> str:
    lines = [f"### {kind}: other events", "", "| type | reason | means | what to do |", "|---|---|---|---|"]
    lines += [
        f"| {told.kind} | `{reason}` | {told.meaning.means} | {told.meaning.do} |"
        for reason, told in events.items()
    ]
    return "\n".join([*lines, ""])


def _section(title: str, text: str, reasons: Mapping[ReasonWord, Meaning]) -> str:
    rows = [f"| `{reason}` | {meaning.means} | {meaning.do} |" for reason, meaning in reasons.items()]
    return "\n".join([f"## {title}", "", text, "| reason | means | what to do |", "|---|---|---|", *rows, ""])
