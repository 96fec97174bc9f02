"""A SuppressionPolicy's life: it suppresses, shows what it does, ends, and leaves the rest alone."""

from sandbox.cloud import Cloud
from tests.e2e.exceptions import (
    OWNER,
    PLURAL,
    allow,
    failed,
    in_effect,
    mark,
    policy,
    status,
    workflows,
)
from tests.e2e.stage import Stage


def test_a_policy_suppresses_and_its_deletion_reopens(stage: Stage, cloud: Cloud) -> None:
    allow(stage)
    stage.target()
    name = policy(stage)
    before = workflows(failed(cloud))
    assert set(before.values()) == {"NEW", "RESOLVED", "SUPPRESSED"}
    people = {id_ for id_, workflow in before.items() if workflow == "SUPPRESSED"}
    operator = stage.operator()
    operator.wait(lambda: in_effect(stage), "the policy to be in effect", seconds=60)
    suppressed = failed(cloud)
    assert set(workflows(suppressed).values()) == {"SUPPRESSED"}
    for each in suppressed:
        ours = (OWNER, f"{stage.namespace}/{name}")
        assert mark(each) == ((None, None) if each["Id"] in people else ours)
    assert status(stage)["matched"] == len(before)
    assert status(stage)["suppressed"] == len(before) - len(people)
    operator.kill()
    stage.kubectl("delete", "suppressionpolicy", name, "--wait=false")
    operator.start()
    operator.wait(lambda: not stage.get(name, PLURAL), "the policy to go", seconds=60)
    after = failed(cloud)
    assert workflows(after) == before
    assert {mark(each) for each in after} == {(None, None)}
