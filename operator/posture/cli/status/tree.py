"""A tree of lines for a terminal: a target, what is known of it, what belongs to it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from posture.cli.status.told import Told
from posture.domain.text import counted, one_line


class Node(NamedTuple):
    """A line, and what stands below it."""

    text: str
    below: tuple["Node", ...] = ()


def drawn(nodes: Iterable[Node]) -> str:
    """Draw trees, one after the other, with an empty line between them."""
    return "\n".join("".join(f"{line}\n" for line in _lines(each)) for each in nodes)


def node_of(told: Told) -> Node:
    """Return the tree of a target."""
    known = [*_hub(told.status), *_score(told.status), *_findings(told.status)]
    policies = [_below(each, _policy(each)) for each in told.belonging if each.kind == "SuppressionPolicy"]
    rules = [_below(each, _rule(each)) for each in told.belonging if each.kind == "RemediationRule"]
    groups = [
        Node(counted(len(nodes), one, many), tuple(nodes))
        for nodes, one, many in ((policies, "policy", "policies"), (rules, "rule", "rules"))
        if nodes
    ]
    return Node(
        f"PostureTarget {told.namespace}/{told.name}: {_state(told)}", (*_wrong(told), *known, *groups)
    )


def _below(told: Told, says: str) -> Node:
    return Node(f"{told.name}: {_state(told)}{says and '; '}{says}", tuple(_wrong(told)))


def _state(told: Told) -> str:
    """Say in a word or two how an object is."""
    if told.suspended:
        return "suspended"
    if told.ready == "True":
        return "ready"
    return f"not ready ({told.reason})" if told.ready == "False" else told.reason


def _wrong(told: Told) -> list[Node]:
    """Return what is not as it should be, each with what to do; else what the object waits for."""
    if told.wrong:
        return [Node(f"! {each.type} is {each.status}, {each.reason}: {each.message}") for each in told.wrong]
    return [] if told.ready == "True" or not told.message else [Node(told.message)]


def _hub(status: Mapping[str, Any]) -> Iterator[Node]:
    hub, sync = status.get("hub"), status.get("sync") or {}
    if not hub:
        return
    says = [f"Security Hub of {hub['account']} in {hub['region']}"]
    if sync.get("findings") is not None:
        says.append(f"{sync['findings']} findings")
    if sync.get("lastSuccessTime"):
        says.append(f"read at {sync['lastSuccessTime']}")
    if sync.get("progressPercent") is not None:
        says.append(f"{sync['progressPercent']} % of the first sweep")
    yield Node(", ".join(says))


def _score(status: Mapping[str, Any]) -> Iterator[Node]:
    if status.get("score") is None:
        return
    below = [
        Node(f"{each['standard']}: {_percent(each)}, {each['passed']} of {each['scored']}")
        for each in status.get("standards", ())
    ]
    time = f", exact at {status['scoreTime']}" if status.get("scoreTime") else ""
    controls = f"{status.get('passed', 0)} of {status.get('scored', 0)} controls passed"
    yield Node(f"score {status['score']} %, {controls}{time}", tuple(below))


def _percent(score: Mapping[str, Any]) -> str:
    return "no score" if score.get("score") is None else f"{score['score']} %"


def _findings(status: Mapping[str, Any]) -> Iterator[Node]:
    findings = status.get("findings")
    if not findings:
        return
    failed = findings["failed"]
    severities = [
        f"{failed[name]} {name}" for name in ("critical", "high", "medium", "low") if failed.get(name)
    ]
    says = [f"{counted(failed['total'], 'failed finding', 'failed findings')}"]
    says += [f"({', '.join(severities)})"] if severities else []
    others = [
        f"{findings[field]} {word}"
        for field, word in (
            ("suppressed", "suppressed"),
            ("disabled", "of controls that are off"),
            ("stale", "stale"),
        )
        if findings.get(field)
    ]
    yield Node(" ".join(says) + "".join(f", {each}" for each in others))


def _policy(told: Told) -> str:
    numbers = _numbers(told.status, (("matched", "matched"), ("suppressed", "suppressed")))
    until = told.spec.get("expiresAt")
    return ", ".join([*_mode(told), *numbers, *([f"until {until}"] if until else [])])


def _rule(told: Told) -> str:
    named = ("candidates", "pending", "succeeded", "failed", "skipped")
    return ", ".join([*_mode(told), *_numbers(told.status, [(each, each) for each in named])])


def _mode(told: Told) -> list[str]:
    return ["dry run"] if told.spec.get("mode") == "DryRun" else []


def _numbers(status: Mapping[str, Any], named: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{status[field]} {word}" for field, word in named if isinstance(status.get(field), int)]


def _lines(node: Node) -> Iterator[str]:
    yield one_line(node.text)
    for place, each in enumerate(node.below):
        is_last = place == len(node.below) - 1
        first, *rest = _lines(each)
        yield ("└─ " if is_last else "├─ ") + first
        for line in rest:
            yield ("   " if is_last else "│  ") + line
