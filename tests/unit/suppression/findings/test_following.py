"""What is kept up place by place is what looking at everything anew would give."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from posture.domain.exceptions.declaration import Declaration
from posture.domain.exceptions.marks import UserFields
from posture.domain.exceptions.policy import Phase, Policy
from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from posture.domain.selection.selectors import Selector
from posture.sources.findings_view import FindingsView
from posture.store.records import Read
from posture.store.sqlite.reading import FindingReader
from posture.store.sqlite.store import Store
from posture.suppression.findings.following import FollowedPlan, Following
from tests.support import rows
from tests.support.declarations import INTERVAL, ME, NOW, declaration, policy
from tests.support.examples import examples
from tests.support.rows import EC2_2, OWNER, S3_1, finding, key

ACCOUNTS = ("111122223333", "444455556666")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store.open(Path(tmp_path_factory.mktemp("following")) / "hub.sqlite", owner=OWNER).store
    yield opened
    opened.close()


def emptied(store: Store) -> FindingsView:
    return FindingsView(rows.emptied(store))


def _mark(name: str) -> UserFields:
    return (("posture.dev/owner", ME), ("posture.dev/policy", f"security/{name}"))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    return finding(
        draw(st.integers(0, 5)),
        check=draw(st.sampled_from([S3_1, EC2_2])),
        account_id=draw(st.sampled_from(ACCOUNTS)),
        compliance=draw(st.sampled_from([Compliance.FAILED, Compliance.PASSED, Compliance.WARNING])),
        record_state=draw(st.sampled_from(list(RecordState))),
        workflow=draw(st.sampled_from(list(Workflow))),
        user_fields=draw(
            st.sampled_from(
                [
                    (),
                    (("team", "x"),),
                    *(
                        (("posture.dev/owner", ME), ("posture.dev/policy", f"security/{name}"))
                        for name in "ab"
                    ),
                ]
            )
        ),
    )


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    selectors = [
        Selector(controls=("S3.*",)),
        Selector(accounts=ACCOUNTS[:1]),
        Selector(severities=("MEDIUM",)),
    ]
    return declaration(
        *(
            policy(name, draw(st.sampled_from(selectors)), draw(st.sampled_from(list(Phase))))
            for name in ("a", "b")
            if draw(st.booleans())
        )
    )


def comparable(moment: FollowedPlan) -> object:
    return sorted(moment.plan.writes), moment.outcomes, moment.unseen


class Step(NamedTuple):
    """What comes before a plan, findings read, gone or forgotten, and whether something is written after."""

    news: list[Finding]
    gone: list[int]
    forgets: bool
    declared: Declaration
    writes: bool


STEPS = st.builds(
    Step,
    st.lists(findings(), max_size=4),
    st.lists(st.integers(0, 5), max_size=1),
    st.sampled_from([False, False, True]),
    declarations(),
    st.booleans(),
)


@examples(150, suppress=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, max_size=6))
def test_following_is_looking_at_everything(store: Store, steps: list[Step]) -> None:
    findings = emptied(store)
    following = Following(findings)
    for at, (news, gone, forgets, declared, writes) in enumerate(steps, 1):
        fresh = [each._replace(updated_at=at) for each in {each.id: each for each in news}.values()]
        findings._note(findings._store.write([Read(fresh, at)]))
        findings.remove([(at, [key(finding(number)) for number in gone])])
        if forgets:
            findings.conclude_sweep(at)
        moment = following.plan(declared, NOW, INTERVAL)
        changed, findings.changed = findings.changed, None
        anew = Following(findings)
        anew._attempts = following._attempts
        anew._written = dict(following._written)
        assert comparable(anew.plan(declared, NOW, INTERVAL)) == comparable(moment)
        assert anew._surveys.tallies() == following._surveys.tallies()
        findings.changed = changed
        if writes and moment.plan.writes:
            write = moment.plan.writes[0]
            following.wrote([write], dict(write.change.user_fields), at)


def _marked(number: int, **fields: Any) -> Finding:
    """A finding that a policy suppressed, in an account of its own, archived since."""
    whole: dict[str, Any] = {
        "account_id": f"{number:012}",
        "record_state": RecordState.ARCHIVED,
        "workflow": Workflow.SUPPRESSED,
        "user_fields": _mark("a"),
    }
    return finding(number, **{**whole, **fields})


def test_archived_findings_are_read_again_only_where_something_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = emptied(store)
    others = [_marked(n, user_fields=(("team", "x"),)) for n in range(50, 60)]
    findings._note(store.write([Read([*map(_marked, range(50)), *others], 1)]))
    buckets, reading, read = Selector(controls=("S3.*",)), FindingReader._finding, list[str]()

    def counted(reader: FindingReader, row: tuple[Any, ...]) -> Finding:
        read.append(reading(reader, row).id)
        return reading(reader, row)

    monkeypatch.setattr(FindingReader, "_finding", counted)
    following = Following(findings)

    def reads_by_a_plan(*policies: Policy) -> int:
        del read[:]
        outcomes = following.plan(declaration(*policies), NOW, INTERVAL).outcomes
        assert outcomes["security/a"].marked == 50
        return len(read)

    a, b = policy("a", buckets), policy("b", Selector(accounts=("000000000007", "000000000051")))
    assert reads_by_a_plan(a) == 60
    assert reads_by_a_plan(a) == 0
    findings._note(store.write([Read([_marked(3, note="another", updated_at=2_000)], 2)]))
    assert reads_by_a_plan(a) == 1
    # Of another policy that comes, changes or goes there are those that it selects, whoever suppressed them.
    assert reads_by_a_plan(a, b) == 2
    assert reads_by_a_plan(a, replace(b, phase=Phase.FROZEN)) == 2
    assert reads_by_a_plan(a) == 2
    assert len(following._surveys._kept) == 50, "what bears no mark of ours is not kept"


def test_an_archived_finding_that_is_forgotten_is_counted_no_more(store: Store) -> None:
    findings = emptied(store)
    findings._note(store.write([Read([_marked(1), _marked(2)], 1)]))
    following, declared = Following(findings), declaration(policy("a", Selector(controls=("S3.*",))))
    assert following.plan(declared, NOW, INTERVAL).outcomes["security/a"].marked == 2
    findings._note(store.write([Read([_marked(2)], 5)]))
    findings.conclude_sweep(5)
    assert following.plan(declared, NOW, INTERVAL).outcomes["security/a"].marked == 1


def test_a_policy_that_is_not_there_any_more_is_found_by_its_mark(store: Store) -> None:
    findings = emptied(store)
    ours = (
        ("posture.dev/owner", ME),
        ("posture.dev/policy", "security/gone"),
        ("posture.dev/previous", "NOTIFIED"),
    )
    store.write([Read([finding(1, workflow=Workflow.SUPPRESSED, user_fields=ours)], 1)])
    (write,) = Following(findings).plan(declaration(), NOW, INTERVAL).plan.writes
    assert write.change.workflow is Workflow.NOTIFIED


def test_tries_outlive_the_process(store: Store) -> None:
    findings = emptied(store)
    store.write([Read([finding(1)], 1)])
    declared = declaration(policy("a", Selector(controls=("S3.*",))))
    first = Following(findings)
    (write,) = first.plan(declared, NOW, INTERVAL).plan.writes
    first.refused([write], NOW)
    first.refused([write], NOW)
    first.plan(declared, NOW, INTERVAL)
    later = Following(findings).plan(declared, NOW + INTERVAL, INTERVAL)
    assert later.plan.writes == ()
    assert later.outcomes["security/a"].waiting == 1
