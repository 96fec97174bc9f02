"""A plan as SARIF 2.1.0, which points at the lines of manifests: for who annotates what is reviewed.

What has no place in a file, such as a policy that only the cluster has, is not in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import quote

from posture.cli import output
from posture.cli.plan.objects import Key
from posture.cli.validate.checks import ManifestVerdict
from posture.cli.validate.manifests import Manifest
from posture.domain.remediation.reasons import Decision
from posture.domain.text import counted
from posture.kube.resources import POSTURE_TARGETS, REMEDIATION_RULES, SUPPRESSION_POLICIES
from posture.rehearsal.changes import PlannedChanges, PolicyChange, RuleChange, TargetChange

Places: TypeAlias = Mapping[Key, Manifest]
"""Where objects stand in files."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "invalid": "The API server would refuse the object.",
    "trouble": "Something keeps the object from acting, or limits it.",
    "suppresses": "The policy would suppress findings.",
    "reopens": "The policy would reopen findings.",
    "turns-off": "The policy would turn controls off.",
    "turns-on": "The policy would turn controls on again.",
    "remediates": "The rule would write to resources, or would once it enforces.",
    "moves-score": "The score of the target would be another one.",
}
_NAMES = list(_RULES)
# What somebody has declared to be so is no mistake.
_BY_WISH = frozenset({"DryRun", "Suspended", "TargetSuspended", "WritesFrozen"})


class _Result(NamedTuple):
    rule: str
    level: str
    says: str


def changes_as_sarif(changes: PlannedChanges, places: Places) -> str:
    """Return what would be done, each at the name of its object."""
    found: list[dict[str, Any]] = []
    kinds: list[tuple[str, Sequence[Any], Any]] = [
        (SUPPRESSION_POLICIES.kind, changes.policies, _of_policy),
        (REMEDIATION_RULES.kind, changes.rules, _of_rule),
        (POSTURE_TARGETS.kind, changes.targets, _of_target),
    ]
    for kind, items, results in kinds:
        for each in items:
            manifest = places.get((kind, each.name))
            if manifest is None:
                continue
            at = manifest.position(("metadata", "name"))
            named = f"{kind} {each.name}"
            found += [
                _result(said._replace(says=f"{named} {said.says}"), manifest.file, at.line, at.column)
                for said in (*results(each), *_of_trouble(each.trouble))
            ]
    return _document(found)


def refusals_as_sarif(verdicts: Iterable[ManifestVerdict]) -> str:
    """Return what the API server would refuse, each at its line."""
    return _document(
        [
            _result(
                _Result("invalid", "error", f"{each.path}: {each.message}" if each.path else each.message),
                each.file,
                each.line,
                each.column,
            )
            for each in verdicts
        ]
    )


def _of_policy(policy: PolicyChange) -> Iterator[_Result]:
    numbers = (
        ("suppresses", policy.suppress, "would suppress", "finding"),
        ("reopens", policy.reopen, "would reopen", "finding"),
        ("turns-off", policy.turn_off, "would turn off", "control"),
        ("turns-on", policy.turn_on, "would turn on", "control"),
    )
    for rule, number, does, noun in numbers:
        if number:
            yield _Result(rule, "note", f"{does} {counted(number, noun, f'{noun}s')}.")


def _of_rule(rule: RuleChange) -> Iterator[_Result]:
    now, later = rule.decided(Decision.REMEDIATE), rule.decided(Decision.WAIT)
    if now or later:
        what = counted(now or 0, "resource", "resources")
        unread = f" {rule.unread} of them were not read live." if rule.unread else ""
        yield _Result("remediates", "note", f"would remediate {what} now, {later} later.{unread}")


def _of_target(target: TargetChange) -> Iterator[_Result]:
    before, after = target.before, target.after
    if before is not None and after is not None and before != after:
        said = f"{before.percent} ({before.passed}/{before.scored})"
        yield _Result(
            "moves-score",
            "note",
            f"would have score {after.percent} ({after.passed}/{after.scored}) instead of {said}.",
        )


def _of_trouble(trouble: str | None) -> Iterator[_Result]:
    if trouble:
        level = "note" if trouble.partition(":")[0] in _BY_WISH else "error"
        yield _Result("trouble", level, f"has trouble: {trouble}")


def _result(said: _Result, file: str, line: int, column: int) -> dict[str, Any]:
    return {
        "ruleId": said.rule,
        "ruleIndex": _NAMES.index(said.rule),
        "level": said.level,
        "message": {"text": said.says},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(file)},
                    "region": {"startLine": line, "startColumn": column},
                }
            }
        ],
    }


def _uri(file: str) -> str:
    """Return the address of a file, from the folder of the run where it is below that."""
    path, here = Path(file), Path.cwd()
    if path.is_absolute() and not path.is_relative_to(here):
        return path.as_uri()
    return quote((path.relative_to(here) if path.is_absolute() else path).as_posix())


def _document(results: Sequence[Mapping[str, Any]]) -> str:
    driver = {
        "name": "posture",
        "version": version("posture-operator"),
        "rules": [{"id": name, "shortDescription": {"text": says}} for name, says in _RULES.items()],
    }
    return output.as_json(
        {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        }
    )
