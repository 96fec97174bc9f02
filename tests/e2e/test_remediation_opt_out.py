"""The opt-out against all that hides it: what is not known to be without the tag is not touched."""

import pytest

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import Group, Table, accounts, found, quiet, remediations, states, written
from tests.support.e2e.rules import INGRESS, RECOVERY, allow, rule, status
from tests.support.e2e.stage import Stage

KEEP = {"tags": [{"key": "Keep"}, {"key": "AllowPublicAccess", "values": ["true"]}]}
TAGS = "ListTagsOfResource"
# moto answers ten tags a page.
A_PAGE = {f"tag-{number}": "x" for number in range(10)}


def reasons(stage: Stage, name: str) -> dict[str, str]:
    """Return the reasons of a rule's plan by the ids of resources."""
    return {each["resourceId"]: each["reason"] for each in status(stage, name).get("plan", [])}


@pytest.mark.timeout(180)
def test_tags_that_cannot_be_read_opt_out(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "DynamoDB.2")
    account, slow = accounts(cloud, "DynamoDB.2")[:2]
    plain = [Table(cloud, account, "plain-1"), Table(cloud, account, "plain-2", A_PAGE)]
    opted_out = {
        "second-page": Table(cloud, account, "second-page", {**A_PAGE, "keep": ""}),
        "other-case": Table(cloud, account, "other-case", {"kEEP": "x"}),
        "empty-value": Table(cloud, account, "empty-value", {"Keep": ""}),
        "twice": Table(cloud, account, "twice", {"AllowPublicAccess": "no", "allowpublicaccess": "TRUE"}),
    }
    hint = Table(cloud, account, "hint")
    unreadable = {
        name: Table(cloud, account, name) for name in ("denied", "hanging", "html", "truncated", "lost")
    }
    # Whoever is throttled is slow for all of an account.
    unreadable["throttled"] = Table(cloud, slow, "throttled")
    unreadable["page-two"] = Table(cloud, account, "page-two", A_PAGE | {"tag-more": "x"})
    for each in (*plain, *opted_out.values(), *unreadable.values()):
        found(cloud, each, "DynamoDB.2")
    found(cloud, hint, "DynamoDB.2", Tags={"keep": "yes"})
    refusals = {"denied": "AccessDeniedException", "throttled": "ThrottlingException"}
    for name, code in refusals.items():
        cloud.meddle(name, operation=TAGS, mentions=f"table/{name}", code=code)
    cloud.meddle("hanging", operation=TAGS, mentions="table/hanging", hold="call")
    for name in ("html", "truncated", "lost"):
        cloud.meddle(name, operation=TAGS, mentions=f"table/{name}", answer=name)
    cloud.meddle(
        "page-two",
        operation=TAGS,
        mentions='table/page-two", "NextToken"',
        code="AccessDeniedException",
    )
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "recovery", RECOVERY, ["DynamoDB.2"], mode="Enforce", optOut=KEEP)
    operator = stage.operator()
    everything = {each.arn: "OptedOut" for each in (*opted_out.values(), hint)}
    everything |= {each.arn: "OptOutUnreadable" for each in unreadable.values()}

    def is_decided() -> bool:
        said = reasons(stage, "recovery")
        return everything.items() <= said.items()

    operator.wait(is_decided, "why not, of each", seconds=120)
    operator.wait(
        lambda: states(stage) == {each.arn: "Succeeded" for each in plain}, "the others to be put right"
    )
    assert {each.id: each.recovers for each in plain} == {"plain-1": True, "plain-2": True}
    for each in (*opted_out.values(), *unreadable.values(), hint):
        assert not each.recovers, each.id
    assert [each["operation"] for each in cloud.writes()] == ["UpdateContinuousBackups"] * 2

    # What could not be read is read again, and what can be read then is put right.
    for name in unreadable:
        cloud.lift(name)
    operator.wait(
        lambda: all(each.recovers for each in unreadable.values()), "what can be read now", seconds=60
    )
    assert [written(cloud, each) for each in unreadable.values()] == [["UpdateContinuousBackups"]] * 7
    assert all(each["status"]["attempts"] == 1 for each in remediations(stage))


def test_a_tag_that_is_set_at_the_last_moment_opts_out(stage: Stage, cloud: Cloud) -> None:
    quiet(cloud, "EC2.19")
    group = Group(cloud, accounts(cloud)[0], "late")
    found(cloud, group)
    # Read twice for the plan, twice before the journal, and the last time before the write for its tags.
    cloud.meddle("last", operation="DescribeSecurityGroups", mentions=group.id, after=5, count=1, hold="call")
    allow(stage, max_mode="Enforce")
    stage.target()
    rule(stage, "open-ports", INGRESS, ["EC2.19"], mode="Enforce", optOut=KEEP)
    operator = stage.operator()
    operator.wait(lambda: cloud.holding("last"), "the last look before the write", seconds=60)
    assert states(stage) == {group.arn: "Running"}
    group.tag("keep", "")
    cloud.lift("last")
    operator.wait(lambda: reasons(stage, "open-ports") == {group.arn: "OptedOut"}, "the plan to say so")
    assert group.ports == [22, 443]
    assert cloud.writes() == []
    assert remediations(stage) == [], "nothing was written, so there is nothing to take back"
