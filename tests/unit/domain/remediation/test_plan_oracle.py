"""Plans of any rule against the oracle, and what must hold of each of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posture.domain.findings import Severity
from posture.domain.grants import NotGranted
from posture.domain.remediation import plan as planning
from posture.domain.remediation.candidates import Candidate
from posture.domain.remediation.journal import Entry, Journal, State
from posture.domain.remediation.limits import Limits
from posture.domain.remediation.plan import Plan, plan
from posture.domain.remediation.reasons import Decision, Outcome, Reason
from posture.domain.remediation.rule import (
    Circumstances,
    Opening,
    OptOutTag,
    Seen,
)
from posture.domain.time import DAY
from tests.support.examples import examples
from tests.support.oracle import remediation_plan as oracle
from tests.support.oracle.remediation_scenes import BUCKETS, NOW, WIDE, entry
from tests.support.plans import ACCOUNT, NAME, candidate, rule

SKIPS = [reason for reason in Reason if reason.decision is Decision.SKIP]
_DISTURBED: Sequence[Mapping[str, Any]] = (
    {"excepted": "f"},
    {"suppressed": "f"},
    {"policies": ("team/p",)},
    {"off": True},
    {"tags": frozenset({("Keep", "o")})},
    {"tags": frozenset({("keep", "O")})},
    {"tags": frozenset({("other", "o")})},
    {"turned_at": NOW - 3},
    {"turned_at": NOW - 2},
    {"turned_at": NOW},
    {"refusal": Outcome(Reason.NOT_AWS, "m")},
    {"refusal": Outcome(Reason.UNREADABLE, "m")},
)
_MOMENTS = st.none() | st.sampled_from((5, NOW - DAY, NOW - DAY + 1, NOW - 1, NOW, NOW + 1))
_CANDIDATES = st.lists(
    st.builds(
        candidate,
        severity=st.sampled_from((Severity.LOW, Severity.HIGH)),
        failing_since=_MOMENTS | st.just(5),
        looked_at=st.sampled_from((NOW - 2, NOW - 1, NOW)),
    ).flatmap(
        lambda one: st.sampled_from((*({},) * 20, *_DISTURBED)).map(lambda changes: one._replace(**changes))
    ),
    max_size=6,
).map(lambda those: [each._replace(resource=BUCKETS[n]) for n, each in enumerate(those)])
_READ = st.lists(st.sampled_from(("w1", "w2", "w3")), min_size=1, max_size=3)
_SEEN = st.dictionaries(
    st.sampled_from(BUCKETS[:6]),
    st.one_of(_READ, _READ, st.sampled_from([*SKIPS, Reason.THROTTLED]).map(lambda each: each.value)),
    max_size=3,
)
_JOURNALS = st.lists(
    st.builds(
        entry,
        st.sampled_from([None, *State, State.AWAITING_APPROVAL, State.AWAITING_APPROVAL]),
        resource=st.sampled_from(BUCKETS[:6]),
        rule=st.sampled_from((NAME, NAME, "team/other")),
        started_at=st.sampled_from((NOW - 3 * DAY, NOW - 2)),
        finished_at=st.sampled_from((None, NOW - 2 * DAY, NOW - 2, NOW + 9)),
        attempts=st.just(0),
        writes=st.sampled_from((None, 1, 3)),
        undo=st.sampled_from((False, False, False, True)),
        rule_digest=st.sampled_from(("", "d", "d", "other")),
    ),
    max_size=4,
    unique_by=lambda each: (each.resource, each.state),
)
_FEW = st.integers(1, 5)
_LIMITS = st.builds(Limits, _FEW, _FEW, st.sampled_from((10, 50, 100)), _FEW, _FEW, st.just(DAY))
_WORLDS = st.builds(
    oracle.World,
    now=st.just(NOW),
    rule=st.just(NAME),
    limits=_LIMITS | st.just(WIDE),
    delay=st.sampled_from((0, DAY)),
    needs_approval=st.booleans(),
    opt_out=st.sampled_from(((), (("KEEP", ()),), (("keep", ("o",)), ("other", ("x", "O"))))),
    policies_read=st.sampled_from((True,) * 20 + (False,)),
    granted=st.sampled_from((frozenset({ACCOUNT}),) * 20 + (frozenset(),)),
    in_scope_since=st.dictionaries(
        st.sampled_from(BUCKETS[:6]), st.sampled_from((NOW - DAY, NOW - 1)), max_size=3
    ).map(lambda some: {**dict.fromkeys(BUCKETS, 5), **some}),
    journal=_JOURNALS,
    checked=st.sampled_from((None, 10, 10, 100, 100)),
    window=st.sampled_from((True, True, True, False)),
    seen=_SEEN,
    digest=st.sampled_from(("", "d", "d")),
)


def planned(world: oracle.World, candidates: Sequence[Candidate]) -> Plan:
    def why_not(account_id: str) -> NotGranted | None:
        return None if account_id in world.granted else NotGranted("it may not", "- {}")

    return plan(
        rule(
            limits=world.limits,
            delay=world.delay,
            needs_approval=world.needs_approval,
            digest=world.digest,
            opt_out=tuple(OptOutTag(key, tuple(values)) for key, values in world.opt_out),
        ),
        candidates,
        Circumstances(
            NOW,
            world.policies_read,
            why_not,
            world.in_scope_since.get,
            Journal(world.journal),
            world.checked,
            Opening(NOW + 1 if world.window else NOW, None),
            {
                key: Seen(Outcome(Reason(said), "m")) if isinstance(said, str) else Seen(None, tuple(said))
                for key, said in world.seen.items()
            },
        ),
    )


def _requests(world: oracle.World, chosen: Random) -> oracle.World:
    """Give the entries the plan that their resource has now, or another one, approved or not."""
    journal = []
    for n, each in enumerate(world.journal):
        seen = world.seen.get(each.resource)
        writes = seen if seen is not None and not isinstance(seen, str) else ()
        now = oracle.hashed(each.resource, writes)
        its = chosen.choice([now, now, "another"])
        journal.append(entry(**{
            **{name: getattr(each, name) for name in Entry.__slots__},
            "name": f"rem-{n}", "plan_hash": its, "approved": chosen.choice(["", its]),
        }))  # fmt: skip
    return world._replace(journal=journal)


@examples(600, shrink=False)
@given(world=_WORLDS, candidates=_CANDIDATES, chosen=st.randoms(use_true_random=False))
def test_every_reason_is_the_oracles(
    world: oracle.World, candidates: Sequence[Candidate], chosen: Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "plan_hash", lambda _, resource, writes: oracle.hashed(resource, writes))
        world = _requests(world, chosen)
        got = planned(world, candidates)
        assert got == planned(world, candidates[::-1])
    expected = oracle.reasons(world, candidates)
    assert {each.candidate.resource: each.outcome.reason.value for each in got.entries} == expected
    assert {reason.value: n for reason, n in got.totals.items()} == Counter(expected.values())
    assert all(each.outcome.message and each.decision is each.outcome.reason.decision for each in got.entries)
    assert [each.candidate.resource for each in got.to_do] == [
        each.candidate.resource for each in got.entries if each.outcome.reason is Reason.PLANNED
    ]
    _keeps_to_its_bounds(world, got)


def _keeps_to_its_bounds(world: oracle.World, got: Plan) -> None:
    assert sum(each.writes for each in got.to_do) <= min(world.limits.per_cycle, world.limits.per_day)
    requests = {e.name: e for e in world.journal if e.rule == NAME and e.state is State.AWAITING_APPROVAL}
    assert set(got.outdated) <= requests.keys()
    used = {each.entry for each in got.to_do}
    assert not used & set(got.outdated)
    if world.needs_approval:
        assert all(requests[each.entry].is_approved for each in got.to_do)
    taken = {e.name for e in world.journal}
    assert not {each.entry for each in got.to_ask} & taken
    assert len({each.entry for each in (*got.to_ask, *got.to_do)}) == len(got.to_ask) + len(got.to_do)
