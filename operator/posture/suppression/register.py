"""The register of exceptions, as auditors read it: what is suppressed, by which policy, why, until when.

Controls that are turned off are in `register_controls`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.api.suppression_policy import EXPIRED, REVIEW_DUE
from posture.domain import ownership
from posture.domain.controls import Controls
from posture.domain.evaluation import View
from posture.domain.findings import Finding
from posture.domain.grants import Mode
from posture.domain.moments import text_of
from posture.domain.review import review_due_at
from posture.domain.suppression import is_active
from posture.suppression.declared import Declared

MISSING = "PolicyMissing"
NOT_READ = "PolicyNotRead"
_NO_POLICY = "NoPolicy"

SECURITY_HUB = "SecurityHub"
STATUS = "Status"


class Entry(NamedTuple):
    """One exception in one account and Region.

    `policy`: namespace/name, empty where people made it by hand. `state`: Active, Expired, ReviewDue,
    Deleted, Suspended or DryRun; PolicyMissing where the mark names a policy that is not in the cluster;
    PolicyNotRead where it was not listed, or is not understood; NoPolicy. `what`: suppressFindings or
    disableControls. `standard`: in which a control is off; findings are suppressed in all of theirs.
    `number`: of findings, or of controls that are off. `why`: the justification; without a policy the
    finding's note, or the reason that Security Hub keeps of the control. `since`: when the policy was made;
    without one, when the control was turned off. `evidence`: SecurityHub where it was read there, Status
    where only the status of the policy says so. Times as in Kubernetes, empty where there is none.
    """

    target: str
    policy: str
    state: str
    what: str
    control: str
    standard: str
    account: str
    region: str
    number: int
    resources: tuple[str, ...]
    why: str
    approved_by: str
    reference: str
    owner: str
    since: str
    until: str
    review_due: str
    evidence: str


class _Place(NamedTuple):
    policy: str
    control: str
    account: str
    region: str
    note: str


def entries(
    target: str, findings: Iterable[Finding], view: View, policies: Mapping[str, Declared], now: int
) -> list[Entry]:
    """Return the suppressed findings of a target (namespace/name).

    `findings`: those of its hub that are ACTIVE and SUPPRESSED. `policies`: all that are known, by
    namespace/name. Policies of the target that suppress nothing are there with a count of 0.
    """
    places: dict[_Place, list[Finding]] = {}
    for finding in findings:
        if view.covers(finding.check, finding.account_id):
            places.setdefault(_place(finding, view.controls), []).append(finding)
    found = [
        _entry(target, place, same, policies.get(place.policy), now) for place, same in sorted(places.items())
    ]
    used = {place.policy for place in places}
    return found + [
        documented(target, name, each, now)
        for name, each in sorted(policies.items())
        if each.scope == target and each.suppresses and name not in used
    ]


def from_status(target: str, policies: Mapping[str, Declared], now: int) -> list[Entry]:
    """Return the suppressed findings of a target as far as the policies' status tells: counts alone."""
    return [
        documented(target, name, each, now)._replace(number=_told(each), evidence=STATUS)
        for name, each in sorted(policies.items())
        if each.scope == target and each.suppresses
    ]


def _told(declared: Declared) -> int:
    """Return how many findings a policy suppressed by its status."""
    return declared.status.suppressed or 0


def _place(finding: Finding, controls: Controls) -> _Place:
    mark = ownership.read(finding.user_fields)
    named = sorted({control for _, control in controls.of(finding.check)}) or [finding.check.control]
    return _Place(
        policy="" if mark is None else mark.policy,
        control=controls.spelled(named[0]) or finding.check.product,
        account=finding.account_id,
        region=finding.region,
        note=finding.note if mark is None else "",
    )


def _entry(target: str, place: _Place, same: list[Finding], declared: Declared | None, now: int) -> Entry:
    if declared is None:
        entry = undocumented(target, place.policy, "suppressFindings")
    else:
        entry = documented(target, place.policy, declared, now)
    return entry._replace(
        why=entry.why or place.note or next((each.note for each in same if each.note), ""),
        control=place.control,
        account=place.account,
        region=place.region,
        number=len(same),
        resources=tuple(sorted({resource.id for each in same for resource in each.resources})),
    )


def undocumented(target: str, policy: str, what: str) -> Entry:
    """Return what is to be filled in for an exception without a policy, or whose policy is not known."""
    return Entry(
        target=target,
        policy=policy,
        state=MISSING if policy else _NO_POLICY,
        what=what,
        control="",
        standard="",
        account="",
        region="",
        number=0,
        resources=(),
        why="",
        approved_by="",
        reference="",
        owner="",
        since="",
        until="",
        review_due="",
        evidence=SECURITY_HUB,
    )


def documented(target: str, name: str, declared: Declared, now: int) -> Entry:
    """Return what a policy (namespace/name) says of its exceptions, or that it cannot be read."""
    policy, terms = declared.policy, declared.terms
    entry = undocumented(target, name, "suppressFindings" if declared.suppresses else "disableControls")
    if policy is None or terms is None:
        return entry._replace(state=NOT_READ)
    spec, due_at = policy.spec, review_due_at(terms)
    return entry._replace(
        state=_state(declared, due_at, now),
        why=spec.justification,
        approved_by=spec.approved_by,
        reference=spec.reference or "",
        owner=spec.owner or "",
        since=text_of(terms.created_at),
        until=text_of(terms.expires_at),
        review_due="" if due_at is None else text_of(due_at),
    )


def _state(declared: Declared, due_at: int | None, now: int) -> str:
    terms = declared.terms
    if declared.deleted_at is not None:
        return "Deleted"
    if terms is not None and not is_active(terms, now):
        return EXPIRED
    if terms is not None and terms.suspended:
        return "Suspended"
    if terms is not None and terms.mode is Mode.DRY_RUN:
        return Mode.DRY_RUN.value
    return REVIEW_DUE if due_at is not None and now >= due_at else "Active"
