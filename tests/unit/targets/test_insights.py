"""What a target tells of insights: numbers that are current and its own, else why there are none."""

from typing import Any, NamedTuple, cast

import pytest

from posture.api.conditions import find_condition
from posture.api.crds import kind_schema
from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.api.targets.status import INSIGHTS_READ, PostureTargetStatus
from posture.aws.client.errors import AccessDenied, AwsError
from posture.config.model import Config
from posture.domain.insights import InsightResults, ValueCount
from posture.domain.time import HOUR
from posture.hubs.hub import Hub
from posture.hubs.insights import BELIEVED, InsightStatus
from posture.hubs.status import HubStatus
from posture.publish.reports import InsightReport
from posture.reconcile.access import Admitted, NotAdmitted, admit
from posture.reconcile.scope import demand_of
from posture.targets.insights import insight_reports, with_insights
from tests.support.api.structural import refused as refused_by

ROLE = "arn:aws-us-gov:iam::111122223333:role/posture-reader"
NOW = 1_800_000_000_000_000
DENIED = AccessDenied(
    "no", service="securityhub", operation="GetInsights", code="AccessDenied", advice="Allow it"
)
FIRST = "arn:aws-us-gov:securityhub:::insight/securityhub/default/1"
CUSTOM = "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:insight/111122223333/custom/a"


class OnPaper(NamedTuple):
    """As much of a hub as insights need."""

    status: HubStatus

    def now(self) -> int:
        return NOW


def admitted(*insights: str, granted: str = "*", **spec: Any) -> Admitted:
    document = {
        "metadata": {"name": "t", "namespace": "ns", "uid": "u"},
        "spec": {
            "aws": {"region": "us-gov-west-1", "roleArn": ROLE},
            "source": {"securityStandards": {"standards": ["a/v/1"]}},
            "insights": list(insights),
            **spec,
        },
    }
    parse(PostureTarget, document)
    grant = {"namespaces": ["ns"], "roleArns": [ROLE], "accounts": [granted], "verbs": ["Score"]}
    admission = admit(document, Config.model_validate({"grants": [grant]}))
    assert isinstance(admission, Admitted)
    return admission


def read(n: int = 2, *, age: int = 0, error: AwsError | None = None, by: str = "ResourceId") -> InsightStatus:
    values = tuple(ValueCount(f"v{k:03}", k + 1) for k in range(n))
    return InsightStatus(InsightResults("Some", by, None, values), NOW - age, error)


def told(
    admission: Admitted | NotAdmitted,
    before: PostureTargetStatus | None = None,
    **known: InsightStatus,
) -> PostureTargetStatus:
    insights = {FIRST if name == "first" else CUSTOM: each for name, each in known.items()}
    hub = cast("Hub", OnPaper(HubStatus(insights=insights)))
    return with_insights(before or PostureTargetStatus(), admission, hub)


def condition(status: PostureTargetStatus) -> tuple[str, str, str]:
    found = find_condition(status.conditions, INSIGHTS_READ)
    assert found is not None
    return found.status.value, found.reason, found.message


def test_the_number_of_a_managed_insight_stands_for_its_arn_in_the_hubs_partition() -> None:
    assert demand_of(admitted("1", CUSTOM)).insights == {FIRST, CUSTOM}


def test_what_is_current_is_told_the_largest_ten_by_value() -> None:
    status = told(admitted("1"), first=read(12, age=HOUR))
    (counts,) = status.insights
    assert (counts.insight, counts.name, counts.values, counts.findings) == ("1", "Some", 12, 78)
    assert [each.findings for each in counts.top] == list(range(12, 2, -1))
    assert counts.at_least is None
    assert counts.reason is None
    assert condition(status)[:2] == ("True", "Read")
    assert insight_reports(status) == (InsightReport("1", "Some", 12, 78),)
    assert told(admitted("1"), status, first=read(12, age=HOUR)) is status


def test_a_hundred_values_are_told_as_at_least_so_many() -> None:
    status = told(admitted("1", CUSTOM), first=read(100), custom=read(99))
    assert [each.at_least for each in status.insights] == [True, None]
    assert "Of 1 as many values came as may come" in condition(status)[2]


def test_who_asks_for_none_or_may_not_look_is_told_nothing() -> None:
    before = told(admitted("1"), first=read())
    for admission in (admitted(), admit({"metadata": {}, "spec": {}}, Config())):
        after = told(admission, before, first=read())
        assert after.insights == ()
        assert find_condition(after.conditions, INSIGHTS_READ) is None
    assert with_insights(PostureTargetStatus(), admitted(), None) == PostureTargetStatus()


def test_what_nobody_has_read_yet_has_no_numbers() -> None:
    status = told(admitted("1"))
    assert condition(status)[:2] == ("Unknown", "ReadingInsights")
    assert status.insights[0].values is None
    assert insight_reports(status) == ()


def test_what_cannot_be_read_is_told_and_believed_for_two_hours() -> None:
    status = told(admitted("1", CUSTOM), first=read(age=HOUR, error=DENIED), custom=read())
    assert condition(status)[:2] == ("False", "AccessDenied")
    assert condition(status)[2].startswith("1: securityhub:GetInsights: AccessDenied: no. Allow it.")
    assert "two hours" in condition(status)[2]
    assert [(each.values, each.reason) for each in status.insights] == [(2, "AccessDenied"), (2, None)]
    status = told(admitted("1", CUSTOM), first=read(age=BELIEVED + 1, error=DENIED), custom=read())
    assert [each.values for each in status.insights] == [None, 2]
    assert [each.insight for each in insight_reports(status)] == [CUSTOM]
    assert condition(status)[:2] == ("False", "AccessDenied")
    # And what nobody reads any more is not told either, without an error too.
    assert insight_reports(told(admitted("1"), first=read(age=BELIEVED + 1))) == ()


@pytest.mark.parametrize(
    "admission",
    [
        admitted("1", granted="1111*"),
        admitted("1", accounts={"include": ["1*"]}),
        admitted("1", accounts={"exclude": ["999988887777"]}),
    ],
)
def test_nothing_is_told_of_one_that_counts_other_accounts(admission: Admitted) -> None:
    status = told(admission, first=read())
    (counts,) = status.insights
    assert counts.to_api() == {"insight": "1", "reason": "OtherAccounts", "top": []}
    assert condition(status)[:2] == ("False", "OtherAccounts")
    assert '"27"' in condition(status)[2]
    assert insight_reports(status) == ()


def test_one_that_counts_by_account_tells_of_the_accounts_that_are_seen() -> None:
    values = (ValueCount("999988887777", 7), ValueCount("111122223333", 3))
    known = InsightStatus(InsightResults("Accounts", "AwsAccountId", None, values), NOW)
    status = told(admitted("1", granted="1*"), first=known)
    assert insight_reports(status) == (InsightReport("1", "Accounts", 1, 3),)
    assert "999988887777" not in str(status.to_api())


def test_while_it_is_suspended_nothing_is_read() -> None:
    status = told(admitted("1", suspend=True), first=read())
    assert condition(status)[:2] == ("Unknown", "Suspended")
    assert told(admitted("1", suspend=True), first=read(age=BELIEVED + 1)).insights[0].values is None


@pytest.mark.parametrize("words", ["", "\ud800", "\x1b[2J\n", "x" * 3000])
def test_words_of_others_fit_into_the_status(words: str) -> None:
    values = tuple(ValueCount(f"{n}{words}", 2**40) for n in range(100))
    known = InsightStatus(InsightResults(words, words, None, values), NOW, DENIED)
    written = told(admitted("1"), first=known).to_api()
    assert refused_by(kind_schema(PostureTarget)["properties"]["status"], written) == []
