"""The register of exceptions, as auditors read it: what is suppressed, by which policy, why, until when."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.api.suppression_policy import EXPIRED, REVIEW_DUE, SuppressionPolicy
from posture.domain import ownership
from posture.domain.controls import Controls
from posture.domain.evaluation import View
from posture.domain.findings import Finding
from posture.domain.moments import text_of
from posture.domain.review import review_due_at
from posture.domain.suppression import is_active
from posture.suppression.declared import Declared

_MISSING = "PolicyMissing"
_NO_POLICY = "NoPolicy"


class Entry(NamedTuple):
    """One exception in one account and Region.

    `policy`: namespace/name, empty where people suppressed it by hand. `state`: Active, Expired, ReviewDue,
    Deleted or Suspended; PolicyMissing where the mark names a policy that is not in the cluster; NoPolicy.
    `number`: of findings, or of accounts in which a control is turned off. `why`: the justification; without
    a policy the finding's note. `since`: when the policy was made. Times as in Kubernetes, empty where there
    is none.
    """

    target: str
    policy: str
    state: str
    what: str
    control: str
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


class _Place(NamedTuple):
    policy: str
    control: str
    account: str
    region: str
    note: str


def entries(
    target: str, findings: Iterable[Finding], view: View, policies: Mapping[str, Declared], now: int
) -> list[Entry]:
    """Return the exceptions of a target (namespace/name).

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
    for name, declared in sorted(policies.items()):
        if declared.scope == target and declared.policy is not None and name not in used:
            found += _without_findings(target, name, declared, declared.policy, now)
    return found


def from_status(target: str, policies: Mapping[str, Declared], now: int) -> list[Entry]:
    """Return the exceptions of a target as far as the policies' status tells: counts, and no resources."""
    return [
        entry._replace(number=declared.policy.status.suppressed or entry.number)
        for name, declared in sorted(policies.items())
        if declared.scope == target and declared.policy is not None
        for entry in _without_findings(target, name, declared, declared.policy, now)
    ]


def _place(finding: Finding, controls: Controls) -> _Place:
    mark = ownership.read(finding.user_fields)
    named = sorted({control for _, control in controls.of(finding.check)}) or [finding.check.control]
    return _Place(
        policy="" if mark is None else mark.policy,
        control=named[0] or finding.check.product,
        account=finding.account_id,
        region=finding.region,
        note=finding.note if mark is None else "",
    )


def _entry(target: str, place: _Place, same: list[Finding], declared: Declared | None, now: int) -> Entry:
    resources = tuple(sorted({resource.id for each in same for resource in each.resources}))
    if declared is None or declared.policy is None:
        return _undocumented(target, place, same)._replace(resources=resources)
    return _documented(target, place.policy, declared, declared.policy, now)._replace(
        control=place.control,
        account=place.account,
        region=place.region,
        number=len(same),
        resources=resources,
    )


def _undocumented(target: str, place: _Place, same: list[Finding]) -> Entry:
    return Entry(
        target=target,
        policy=place.policy,
        state=_MISSING if place.policy else _NO_POLICY,
        what="suppressFindings",
        control=place.control,
        account=place.account,
        region=place.region,
        number=len(same),
        resources=(),
        why=place.note or next((each.note for each in same if each.note), ""),
        approved_by="",
        reference="",
        owner="",
        since="",
        until="",
        review_due="",
    )


def _documented(target: str, name: str, declared: Declared, policy: SuppressionPolicy, now: int) -> Entry:
    spec, terms = policy.spec, declared.terms
    due_at = None if terms is None else review_due_at(terms)
    return Entry(
        target=target,
        policy=name,
        state=_state(declared, due_at, now),
        what="suppressFindings" if declared.suppresses else "disableControls",
        control="",
        account="",
        region="",
        number=0,
        resources=(),
        why=spec.justification,
        approved_by=spec.approved_by,
        reference=spec.reference or "",
        owner=spec.owner or "",
        since="" if terms is None else text_of(terms.created_at),
        until="" if terms is None else text_of(terms.expires_at),
        review_due="" if due_at is None else text_of(due_at),
    )


def _without_findings(
    target: str, name: str, declared: Declared, policy: SuppressionPolicy, now: int
) -> list[Entry]:
    """Return the controls that a policy turned off, or one entry for a policy that did nothing."""
    base = _documented(target, name, declared, policy, now)
    return [
        base._replace(
            control=f"{off.control} of {off.standard}", account=account, region=off.region, number=1
        )
        for off in policy.status.disabled_controls
        for account in off.accounts
    ] or [base]


def _state(declared: Declared, due_at: int | None, now: int) -> str:
    terms = declared.terms
    if declared.deleted_at is not None:
        return "Deleted"
    if terms is not None and not is_active(terms, now):
        return EXPIRED
    if terms is not None and terms.suspended:
        return "Suspended"
    return REVIEW_DUE if due_at is not None and now >= due_at else "Active"
