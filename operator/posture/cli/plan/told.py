"""A plan as it is printed: tables, JSON, Markdown for people who review, SARIF for who annotates files."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from posture.cli import output
from posture.cli.plan.sarif import Places, changes_as_sarif
from posture.domain.remediation.reasons import Decision, Reason
from posture.domain.scoring.scores import Score
from posture.domain.text import counted
from posture.rehearsal.changes import PlannedChanges, PolicyChange, RuleChange, TargetChange

# GitHub takes comments of up to 65,536 characters.
_MOST_ROWS = 50
_LONGEST_TROUBLE = 300
_UNKNOWN = "?"
_NONE = "-"


def in_form(changes: PlannedChanges, form: str, places: Places) -> str:
    """Return a plan as `table`, `json`, `yaml`, `markdown` or `sarif`."""
    if form == "sarif":
        return changes_as_sarif(changes, places)
    if form in {"json", "yaml"}:
        document = document_of(changes)
        return output.as_json(document) if form == "json" else output.as_yaml(document)
    return _as_markdown(changes) if form == "markdown" else _as_tables(changes)


def document_of(changes: PlannedChanges) -> dict[str, Any]:
    """Return a plan as JSON, in the API's spelling; what is not known is null.

    `{policies: [{name, suppress, reopen, turnOff, turnOn, trouble}], rules: [{name, remediate, wait, skip,
    reasons}], targets: [{name, before, after}]}`: `reasons` counts by reason, scores are whole percents.
    """
    shown = _shown(changes)
    return {
        "policies": [
            {
                "name": shown(each.name),
                "suppress": each.suppress,
                "reopen": each.reopen,
                "turnOff": each.turn_off,
                "turnOn": each.turn_on,
                "trouble": each.trouble,
            }
            for each in changes.policies
        ],
        "rules": [
            {
                "name": shown(each.name),
                "remediate": each.decided(Decision.REMEDIATE),
                "wait": each.decided(Decision.WAIT),
                "skip": each.decided(Decision.SKIP),
                "reasons": {reason.value: number for reason, number in _reasons(each)},
            }
            for each in changes.rules
        ],
        "targets": [
            {"name": shown(each.name), "before": _percent(each.before), "after": _percent(each.after)}
            for each in changes.targets
        ],
    }


def plan_notes(changes: PlannedChanges, *, live: bool) -> Iterator[str]:
    """Yield what a reader should know beside the numbers."""
    for each in changes.targets:
        if each.trouble:
            yield f"PostureTarget {each.name}: {each.trouble}"
    for policy in changes.policies:
        if policy.trouble:
            yield f"SuppressionPolicy {policy.name}: {policy.trouble}"
    for rule in changes.rules:
        if rule.trouble:
            yield f"RemediationRule {rule.name}: {rule.trouble}"
    unread = sum(each.unread for each in changes.rules)
    if unread:
        how = "no more of a rule are read at once" if live else "--live reads them"
        yield f"{counted(unread, 'resource was', 'resources were')} not read live: {how}"


def _shown(changes: PlannedChanges) -> Callable[[str], str]:
    """Return how objects are called: by their name alone while all are of one namespace."""
    everything: Sequence[PolicyChange | RuleChange | TargetChange] = [
        *changes.policies,
        *changes.rules,
        *changes.targets,
    ]
    several = len({each.name.partition("/")[0] for each in everything}) > 1
    return lambda name: name if several else name.partition("/")[2]


def _reasons(rule: RuleChange) -> list[tuple[Reason, int]]:
    totals = rule.totals or {}
    return [(reason, totals[reason]) for reason in Reason if totals.get(reason)]


def _percent(score: Score | None) -> int | None:
    return None if score is None else score.percent


def _number(number: int | None) -> str:
    return _UNKNOWN if number is None else str(number)


def _scored(score: Score | None) -> str:
    return _NONE if score is None else f"{score.percent} ({score.passed}/{score.scored})"


def _policies(shown: Callable[[str], str]) -> output.Columns[PolicyChange]:
    return {
        "POLICY": lambda each: shown(each.name),
        "SUPPRESS": lambda each: _number(each.suppress),
        "REOPEN": lambda each: _number(each.reopen),
        "TURN OFF": lambda each: _number(each.turn_off),
        "TURN ON": lambda each: _number(each.turn_on),
    }


def _rules(shown: Callable[[str], str]) -> output.Columns[RuleChange]:
    return {
        "RULE": lambda each: shown(each.name),
        "MODE": lambda each: each.mode.value,
        "REMEDIATE": lambda each: _number(each.decided(Decision.REMEDIATE)),
        "WAIT": lambda each: _number(each.decided(Decision.WAIT)),
        "SKIP": lambda each: _number(each.decided(Decision.SKIP)),
        "NOT READ": lambda each: str(each.unread),
        "REASONS": lambda each: ", ".join(f"{reason.value} {number}" for reason, number in _reasons(each)),
    }


def _targets(shown: Callable[[str], str]) -> output.Columns[TargetChange]:
    return {
        "TARGET": lambda each: shown(each.name),
        "BEFORE": lambda each: _scored(each.before),
        "AFTER": lambda each: _scored(each.after),
    }


Parts = Sequence[tuple[list[str], list[list[str]]]]


def _parts(changes: PlannedChanges, more: Mapping[str, Callable[[Any], str]]) -> Parts:
    """Return headings and rows of the three kinds, without those of which there is none."""
    shown = _shown(changes)
    kinds: list[tuple[Sequence[Any], Mapping[str, Callable[[Any], str]]]] = [
        (changes.policies, {**_policies(shown), **more}),
        (changes.rules, {**_rules(shown), **more}),
        (changes.targets, {**_targets(shown), **more}),
    ]
    return [
        (list(columns), [[cell(each) for cell in columns.values()] for each in items])
        for items, columns in kinds
        if items
    ]


def _as_tables(changes: PlannedChanges) -> str:
    """Return a table for each kind; why there is trouble is told beside it."""
    trouble = {"TROUBLE": lambda each: (each.trouble or "").partition(":")[0]}
    parts = _parts(changes, trouble)
    return "\n".join(output.as_table(*part) for part in parts) or "Nothing is declared.\n"


def _as_markdown(changes: PlannedChanges) -> str:
    """Return a comment for a pull request, which is kept short: what does nothing goes first."""
    trouble = {"TROUBLE": lambda each: _cut(each.trouble or "")}
    text = f"### Posture plan\n\n{_summary(changes)}\n"
    for headings, rows in _parts(_with_the_weighty_first(changes), trouble):
        named = [each.capitalize() for each in headings]
        text += f"\n{output.as_markdown(named, rows[:_MOST_ROWS])}"
        if left := len(rows) - _MOST_ROWS:
            text += f"\nAnd {left} more.\n" if left > 0 else ""
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TROUBLE else text[: _LONGEST_TROUBLE - 1] + "…"


def _with_the_weighty_first(changes: PlannedChanges) -> PlannedChanges:
    """Put what would do something, and what has trouble, before the rest."""
    return PlannedChanges(
        sorted(changes.policies, key=lambda each: not (each.anything or each.trouble)),
        sorted(changes.rules, key=lambda each: not (each.totals or each.trouble)),
        sorted(changes.targets, key=lambda each: each.before == each.after and not each.trouble),
    )


def _summary(changes: PlannedChanges) -> str:
    """Say in a sentence what would be done."""
    policies, rules = changes.policies, changes.rules
    numbers = (
        (sum(each.suppress for each in policies), "finding suppressed", "findings suppressed"),
        (sum(each.reopen for each in policies), "finding reopened", "findings reopened"),
        (sum(each.turn_off or 0 for each in policies), "control turned off", "controls turned off"),
        (sum(each.turn_on or 0 for each in policies), "control turned on", "controls turned on"),
        (
            sum(each.decided(Decision.REMEDIATE) or 0 for each in rules),
            "resource to remediate",
            "resources to remediate",
        ),
        (sum(each.decided(Decision.WAIT) or 0 for each in rules), "resource waits", "resources wait"),
    )
    said = ", ".join(counted(number, one, many) for number, one, many in numbers if number)
    unread = sum(each.unread for each in rules)
    unsaid = [] if changes.complete else ["Not all of it could be planned."]
    if unread:
        unsaid.append(f"{counted(unread, 'resource was', 'resources were')} not read live.")
    return " ".join([f"**{said}**" if said else "**Nothing would be done.**", *unsaid])
