"""The register of exceptions, as auditors read it: what is suppressed, by which policy, why, until when.

Controls that are turned off are in `register_controls`.

The register of exceptions: controls that are turned off, by which policy or by whom, why, until when.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from posture.api.suppression_policy import EXPIRED, REVIEW_DUE
from posture.domain.exceptions import marks
from posture.domain.exceptions.policy import is_active, review_due_at
from posture.domain.findings import Finding
from posture.domain.grants import Mode
from posture.domain.scoring.accounts import AccountStanding
from posture.domain.scoring.evaluation import TurnedOff, View
from posture.domain.standards import Controls
from posture.domain.time import instant_of, text_of
from posture.reconcile.member_roles import AccountRegion
from posture.suppression.controls.confirmed import recorded
from posture.suppression.declared import Declared

MISSING = "PolicyMissing"
NOT_READ = "PolicyNotRead"
_NO_POLICY = "NoPolicy"

SECURITY_HUB = "SecurityHub"
STATUS = "Status"


class RegisteredException(NamedTuple):
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
) -> list[RegisteredException]:
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


def from_status(target: str, policies: Mapping[str, Declared], now: int) -> list[RegisteredException]:
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
    mark = marks.read_mark(finding.user_fields)
    named = sorted({control for _, control in controls.pairs_of(finding.check)}) or [finding.check.control]
    return _Place(
        policy="" if mark is None else mark.policy,
        control=controls.spelled(named[0]) or finding.check.product,
        account=finding.account_id,
        region=finding.region,
        note=finding.note if mark is None else "",
    )


def _entry(
    target: str, place: _Place, same: list[Finding], declared: Declared | None, now: int
) -> RegisteredException:
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


def undocumented(target: str, policy: str, what: str) -> RegisteredException:
    """Return what is to be filled in for an exception without a policy, or whose policy is not known."""
    return RegisteredException(
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


def documented(target: str, name: str, declared: Declared, now: int) -> RegisteredException:
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


_WHAT = "disableControls"


class Off(NamedTuple):
    """A control that is off, the reason that Security Hub keeps of it, and since when, if it says so."""

    place: TurnedOff
    reason: str
    since: datetime | None


class Looked(NamedTuple):
    """What is off, as Security Hub says, in the accounts and Regions that could be `read`."""

    off: Collection[Off]
    read: Collection[AccountRegion]


def control_entries(
    target: str, looked: Looked, policies: Mapping[str, Declared], now: int, view: View
) -> list[RegisteredException]:
    """Return the controls of a target (namespace/name) that are off.

    Where they were not read, the status of the target's policies tells what these turned off. `policies`: all
    that are known, by namespace/name. Those of the target that turned nothing off have a count of 0.
    """
    found = []
    for off in sorted(looked.off):
        entry = _live(target, off, policies, now, view)
        found += [] if entry is None else [_spelled(entry, view)]
    told = controls_from_status(target, policies, now, read=looked.read)
    used = {entry.policy for entry in found}
    return found + [_spelled(each, view) for each in told if each.number or each.policy not in used]


def controls_from_status(
    target: str, policies: Mapping[str, Declared], now: int, *, read: Collection[AccountRegion] | None = None
) -> list[RegisteredException]:
    """Return the controls of a target as far as the policies' status tells, but for what was `read`.

    None: nothing could be read, and that a policy turned nothing off is known from its status too.
    """
    found: list[RegisteredException] = []
    for name, declared in sorted(policies.items()):
        entry = documented(target, name, declared, now)
        if declared.scope != target or declared.suppresses:
            continue
        record = recorded(declared.status)
        rest = [
            place
            for place in sorted(record)
            if AccountRegion(place.account_id, place.region) not in (read or ())
        ]
        told = entry._replace(evidence=STATUS)
        found += [_at(told, place) for place in rest] or [told if read is None else entry]
    return found


def _live(
    target: str, off: Off, policies: Mapping[str, Declared], now: int, view: View
) -> RegisteredException | None:
    """Return the entry of a control that Security Hub says is off; None: it is another target's."""
    mark = marks.read_control_mark(off.reason)
    declared = None if mark is None else policies.get(mark.policy)
    if mark is not None and declared is not None:
        if declared.scope != target:
            return None
        entry = _at(documented(target, mark.policy, declared, now), off.place)
        return entry._replace(why=entry.why or off.reason)
    if not _concerns(view, off.place):
        return None
    entry = undocumented(target, "" if mark is None else mark.policy, _WHAT)
    since = "" if off.since is None else text_of(instant_of(off.since))
    return _at(entry, off.place)._replace(why=off.reason, since=since)


def _concerns(view: View, place: TurnedOff) -> bool:
    """Whether a control that no policy turned off is one of the target's."""
    return (
        place.standard in view.standards
        and view.accounts.standing(place.account_id) is AccountStanding.TARGETED
    )


def _at(entry: RegisteredException, place: TurnedOff) -> RegisteredException:
    return entry._replace(
        control=place.control,
        standard=place.standard,
        account=place.account_id,
        region=place.region,
        number=1,
    )


def _spelled(entry: RegisteredException, view: View) -> RegisteredException:
    return entry._replace(control=view.controls.spelled(entry.control))
