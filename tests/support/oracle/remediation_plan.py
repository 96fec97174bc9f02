"""The plan of a rule, worked out slowly: all reasons that fit a resource, and the first of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import Entry
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.resources import ResourceKey
from tests.support.oracle.remediation_journal import caps

SEVERITY = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")


class World(NamedTuple):
    """What a plan depends on beside its candidates. `seen`: a reason, or a resource's sub-writes."""

    now: int
    rule: str
    limits: Limits
    delay: int
    needs_approval: bool
    opt_out: Sequence[tuple[str, Sequence[str]]]
    policies_read: bool
    granted: frozenset[str]
    in_scope_since: Mapping[ResourceKey, int]
    journal: Sequence[Entry]
    checked: int | None
    window: bool
    seen: Mapping[ResourceKey, str | Sequence[str]]
    digest: str = ""


def reasons(world: World, candidates: Iterable[Candidate]) -> dict[ResourceKey, str]:
    """The reason for each resource."""
    taken: list[tuple[ResourceKey, int]] = []
    asked = sum(e.rule == world.rule and e.state == "AwaitingApproval" for e in world.journal)
    found = {}
    for each in sorted(candidates, key=_rank):
        reason = _first_reason(world, each)
        if reason is None and world.needs_approval and not _request(world, each, approved=True):
            if _request(world, each, approved=False):
                reason = "AwaitingApproval"
            elif asked < world.limits.per_day:
                reason, asked = "AwaitingApproval", asked + 1
            else:
                reason = "CapReached"
        if reason is None and not world.window:
            reason = "OutsideWindow"
        if reason is None:
            own = [e for e in world.journal if e.rule == world.rule]
            writes = _writes(world, each)
            over = caps(world.limits, own, taken, each.resource, writes, checked=world.checked, now=world.now)
            reason = "CapReached" if over else "Planned"
            if not over:
                taken.append((each.resource, writes))
        found[each.resource] = reason
    return found


def _rank(candidate: Candidate) -> tuple[object, ...]:
    since = candidate.failing_since
    return (
        SEVERITY.index(candidate.severity.name),
        float("inf") if since is None else since,
        candidate.resource,
    )


def _of(world: World, candidate: Candidate, *, own: bool) -> list[Entry]:
    return [
        e for e in world.journal if e.resource == candidate.resource and (not own or e.rule == world.rule)
    ]


def _request(world: World, candidate: Candidate, *, approved: bool) -> list[Entry]:
    """Requests of just this plan: where the resource was read, their hash tells (here: the sub-writes)."""
    seen = world.seen.get(candidate.resource)
    return [
        e
        for e in _of(world, candidate, own=True)
        if e.state == "AwaitingApproval"
        and (seen is None or e.plan_hash == hashed(candidate.resource, seen))
        and (not approved or e.approved == e.plan_hash)
    ]


def hashed(resource: ResourceKey, writes: Iterable[str]) -> str:
    """A hash of the test's own; the product's is put in its place."""
    return f"{resource.id}:{sorted(writes)}"


def _writes(world: World, candidate: Candidate) -> int:
    seen = world.seen.get(candidate.resource)
    if seen is not None:
        return len(seen)
    requests = _request(world, candidate, approved=True) if world.needs_approval else []
    return (requests[0].writes or 1) if requests else 1


def _is_over(world: World, candidate: Candidate, entry: Entry) -> bool:
    """Whether what a person undid is the rule's again: its findings have passed, or the rule has changed."""
    if entry.state not in {"Undone", "Skipped", "Failed"}:
        return False
    ended = entry.created_at if entry.finished_at is None else entry.finished_at
    other = bool(world.digest and entry.rule_digest) and world.digest != entry.rule_digest
    return other or (candidate.turned_at is not None and candidate.turned_at > ended)


def _first_reason(world: World, candidate: Candidate) -> str | None:
    seen = world.seen.get(candidate.resource)
    own = _of(world, candidate, own=True)
    ended = [e for e in own if e.state in {"Succeeded", "Failed", "Skipped", "Undone"}]
    since, back = candidate.failing_since, world.in_scope_since.get(candidate.resource)
    in_order = [
        ("PolicyUnreadable", not world.policies_read),
        (candidate.refusal.reason.value if candidate.refusal else "", candidate.refusal is not None),
        ("Excepted", candidate.excepted != ""),
        ("Suppressed", bool(candidate.suppressed or candidate.policies or candidate.off)),
        (
            "OptedOut",
            any(
                key.lower() == wanted.lower() and (not values or value.lower() in [v.lower() for v in values])
                for key, value in candidate.tags
                for wanted, values in world.opt_out
            ),
        ),
        ("NotGranted", candidate.resource.account_id not in world.granted),
        (
            "Pending",
            any(
                e.state is None or e.state in {"Running", "Undoing"} for e in _of(world, candidate, own=False)
            ),
        ),
        (
            "AlreadyHandled",
            any((e.undo or e.state == "Undone") and not _is_over(world, candidate, e) for e in own)
            or any(e.finished_at is None or e.finished_at >= candidate.looked_at for e in ended),
        ),
        (str(seen), isinstance(seen, str)),
        ("Delayed", since is None or back is None or world.now - max(since, back) < world.delay),
    ]
    return next((reason for reason, fits in in_order if fits), None)
