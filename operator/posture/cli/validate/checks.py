"""What is to be said of manifests: the API server's verdict, and what only the operator would say."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from posture.api.admission import Problem, hint, refusals, without_nulls
from posture.api.conditions import Trouble
from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.resource import API_VERSION, CustomResource, Path, dotted, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from posture.cli.validate.manifests import OF_KIND, Manifest, Unread
from posture.config.model import Config
from posture.domain.exceptions.policy import is_active
from posture.domain.standards import OF_AWS
from posture.domain.time import instant_of
from posture.remediation.actions.registry import chosen_builtin
from posture.suppression.terms import ends_too_late

_STANDARD = "no standard that this version knows of"
_ELSEWHERE = "Where Security Hub has not enabled it, it counts nothing."


class Level(StrEnum):
    """An error is refused, or stalls the object; a warning is most likely not what was meant."""

    ERROR = "error"
    WARNING = "warning"


class ManifestVerdict(NamedTuple):
    """One thing that is wrong. `object`: kind and name, empty where the file cannot be read."""

    file: str
    line: int
    column: int
    level: Level
    object: str
    path: str
    message: str


def verdicts(
    manifests: Sequence[Manifest], unread: Iterable[Unread], config: Config, now: int
) -> list[ManifestVerdict]:
    """Judge objects one by one and together; `now` in µs. By file and line."""
    found = [_of_unread(each) for each in unread]
    for manifest in manifests:
        found += _of_object(manifest, config, now)
    return sorted([*found, *_twice(manifests)], key=lambda each: (each.file, each.line, each.column))


def refused(manifests: Sequence[Manifest], unread: Iterable[Unread]) -> list[ManifestVerdict]:
    """Judge as the API server alone would: what it refuses, and what cannot be read. By file and line."""
    found = [_of_unread(each) for each in unread]
    for manifest in manifests:
        found += _of_server(manifest)
    return sorted(found, key=lambda each: (each.file, each.line, each.column))


def _of_unread(unread: Unread) -> ManifestVerdict:
    return ManifestVerdict(unread.file, *unread.position, Level.ERROR, "", "", unread.says)


def _of_object(manifest: Manifest, config: Config, now: int) -> Iterator[ManifestVerdict]:
    kind = OF_KIND.get(manifest.kind)
    yield from _of_server(manifest)
    if kind is not None and not refusals(kind, manifest.content):
        yield from _of_operator(manifest, kind, config, now)


def _of_server(manifest: Manifest) -> Iterator[ManifestVerdict]:
    kind = OF_KIND.get(manifest.kind)
    if kind is None:
        says = f"this operator has no such kind{hint(manifest.kind, OF_KIND)}"
        yield _verdict(manifest, (("kind",), says))
        return
    if manifest.content.get("apiVersion") != API_VERSION:
        yield _verdict(manifest, (("apiVersion",), f"write {API_VERSION}"))
    for problem in refusals(kind, manifest.content):
        yield _verdict(manifest, problem)


def _of_operator(
    manifest: Manifest, kind: type[CustomResource], config: Config, now: int
) -> Iterator[ManifestVerdict]:
    """Say what the operator would of an object that the API server takes."""
    metadata = {"name": "any", "namespace": "any"}
    read = parse(kind, {"metadata": metadata, "spec": without_nulls(manifest.content["spec"])})
    if isinstance(read, PostureTarget):
        source = read.spec.source.security_standards
        path: Path = ("spec", "source", "securityStandards", "standards")
        yield from _of_standards(manifest, () if source is None else source.standards, path)
    elif isinstance(read, SuppressionPolicy):
        yield from _of_policy(manifest, read, config, now)
    elif isinstance(read, RemediationRule) and read.spec.action.builtin is not None:
        chosen = chosen_builtin(read.spec.action.builtin)
        if isinstance(chosen, Trouble):
            at = "name" if chosen.reason == "UnknownAction" else "parameters"
            yield _verdict(manifest, (("spec", "action", "builtin", at), chosen.message))
    elif isinstance(read, Remediation):
        yield _verdict(manifest, (("kind",), "only the operator makes Remediations"), Level.WARNING)


def _of_policy(
    manifest: Manifest, policy: SuppressionPolicy, config: Config, now: int
) -> Iterator[ManifestVerdict]:
    end = _End(instant_of(policy.spec.expires_at))
    path: Path = ("spec", "expiresAt")
    too_late = ends_too_late(end, now, config.max_suppression_age)
    if too_late is not None:
        yield _verdict(manifest, (path, too_late.message))
    if not is_active(end, now):
        yield _verdict(
            manifest,
            (path, "this has passed: the policy does nothing, and gives back what it did"),
            Level.WARNING,
        )
    disabled = policy.spec.disable_controls
    names = () if disabled is None else disabled.standards
    yield from _of_standards(manifest, names, ("spec", "disableControls", "standards"))


class _End(NamedTuple):
    expires_at: int


def _of_standards(manifest: Manifest, names: Sequence[str], path: Path) -> Iterator[ManifestVerdict]:
    for place, name in enumerate(names):
        if name != "*" and name not in OF_AWS:
            meant = hint(name, OF_AWS) or "."
            says = f"{name} is {_STANDARD}{meant} {_ELSEWHERE}"
            yield _verdict(manifest, ((*path, place), says), Level.WARNING)


def _twice(manifests: Sequence[Manifest]) -> Iterator[ManifestVerdict]:
    """Say where an object is written twice: the later one would replace the other."""
    first: dict[tuple[str, str], Manifest] = {}
    for manifest in manifests:
        before = first.setdefault((manifest.kind, manifest.name), manifest)
        if before is not manifest and manifest.name:
            line = before.position(("metadata", "name")).line
            says = f"the same object is in {before.file}, line {line}: the later one replaces it"
            yield _verdict(manifest, (("metadata", "name"), says), Level.WARNING)


def _verdict(manifest: Manifest, problem: Problem, level: Level = Level.ERROR) -> ManifestVerdict:
    path, says = problem
    named = f"{manifest.kind} {manifest.name}".strip()
    place = dotted(path)
    # What a condition says names the field, which stands before the message here.
    says = says.removeprefix(f"{place}: ").removeprefix(f"{place} ")
    return ManifestVerdict(manifest.file, *manifest.position(path), level, named, place, says)
