"""Evaluating a target over its hub, when what is declared or known has changed.

It is evaluated over those of the chosen standards that anything tells of.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from posture.aws.securityhub.discovery import HubFacts
from posture.domain.findings import Finding
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.scoring.scores import Method, Score
from posture.domain.standards import ControlStatus
from posture.hubs.hub import Hub
from posture.kube.resources import Object
from posture.publish.reports import Shown
from posture.reconcile.access import Admitted, NotAdmitted
from posture.reconcile.scope import chosen_standards, followed_of, organization_of, view_of
from posture.sources.failed_cache import FailedLimits
from posture.sources.findings_view import Evaluated, FindingsView


class Found(NamedTuple):
    """An evaluation, and the chosen standards that are enabled nowhere: they are not in it."""

    evaluated: Evaluated
    missing: tuple[str, ...]
    late: tuple[Finding, ...] = ()
    """Those that are overdue for the longest, that first."""
    titles: tuple[str, ...] = ()
    """Of the worst controls, in their order."""

    def headline(self, method: Method) -> Score | None:
        """Return the score over all, which does not exist where a chosen standard is missing."""
        return None if self.missing else self.evaluated.evaluation.target.headline(method)


async def evaluate_target(
    hub: Hub, admitted: Admitted, facts: HubFacts, turned_off: Mapping[TurnedOff, ControlStatus]
) -> Found | None:
    """Evaluate a target as of the hub's last exact moment; None while there is none."""
    spec = admitted.target.spec
    chosen = chosen_standards(spec, facts)
    organization = organization_of(admitted, hub.status.organizations)
    view = view_of(admitted, facts, hub.controls(), chosen.all, organization)._replace(turned_off=turned_off)
    window, followed = spec.scoring.evaluation_window, followed_of(spec)
    found = await hub.evaluate(view, window, followed)
    missing = () if found is None else (*chosen.nowhere(found.evaluation), *found.evaluation.absent)
    if missing:
        there = tuple(name for name in chosen.all if name not in missing)
        found = await hub.evaluate(view._replace(standards=there), window, followed)
    if found is None:
        return None
    longest = found.overdue.longest if found.overdue else ()
    worst = tuple(each.cell for each in found.failed.worst) if found.failed else ()
    named = await hub.look(partial(_named, longest, worst, followed)) if longest or worst else None
    return Found(found, missing, *(named or ((), ())))


def _named(
    longest: Sequence[int], worst: Sequence[int], limits: FailedLimits, findings: FindingsView
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Return the findings that are overdue for the longest, and the titles of the worst controls."""
    return tuple(findings.overdue_findings(longest, limits)), tuple(map(findings.title, worst))


async def shown_now(shown: Shown | None, hub: Hub, admitted: Admitted, scope: str) -> Shown | None:
    """Bring what is shown of a target up to date with its hub; score anew only when something has changed.

    `scope`: the digest of what is scored, which `shown` is of.
    """
    spec, status, followed = admitted.target.spec, hub.status, followed_of(admitted.target.spec)
    if shown is not None and shown.followed != followed:
        shown = shown._replace(overdue=None, late=(), followed=followed)
    facts, exact_at, turned_off = status.facts, status.exact_at, status.turned_off
    if facts is None or exact_at is None or turned_off is None or spec.suspend:
        return shown
    polled_in = status.term if status.polled else None
    organization = organization_of(admitted, status.organizations)
    key = (hub, status.version, facts, scope, turned_off, followed, organization.version)
    if shown is not None and shown.key == key:
        return shown._replace(exact_at=exact_at, polled_in=polled_in)
    found = await evaluate_target(hub, admitted, facts, turned_off)
    if found is None:
        return shown
    exact = found.evaluated
    return Shown(
        key=key,
        scope=scope,
        evaluation=exact.evaluation,
        exact_at=exact.exact_at,
        missing=found.missing,
        polled_in=polled_in,
        overdue=exact.overdue,
        late=found.late,
        followed=followed,
        failed=exact.failed,
        titles=found.titles,
    )


def is_followed(hub: Hub | None, admission: Admitted | NotAdmitted) -> bool:
    """Whether the hub counts by what this target sets, as far as can be told."""
    if hub is None or not isinstance(admission, Admitted) or admission.target.spec.suspend:
        return True
    return hub.follows(followed_of(admission.target.spec))


def what_is_declared(document: Object, admission: Admitted | NotAdmitted) -> tuple[object, ...]:
    """Return what a cycle follows of an object; its status, which a cycle writes, is none of that."""
    metadata = document["metadata"]
    said: tuple[object, ...]
    if isinstance(admission, Admitted):
        said = (admission.target.spec, admission.accounts, admission.organization)
    else:
        said = (admission.trouble,)
    return (metadata["generation"], metadata.get("annotations"), said)
