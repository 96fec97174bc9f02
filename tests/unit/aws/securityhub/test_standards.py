"""Answers about standards that the emulator does not give, as AWS documents them."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from posture.aws.client import calls as aws_calls
from posture.aws.client.calls import Answer, Calls
from posture.aws.client.errors import AwsError, CredentialsRefused, Terminal, Throttled
from posture.aws.client.refusals.refusal import refusal
from posture.aws.securityhub.client import _findings_update
from posture.aws.securityhub.discovery import HubFacts, discover
from posture.aws.securityhub.standards import read_standards
from posture.domain.findings import FindingId
from posture.domain.standards import ControlAssociation, Standard

FSBP = "arn:aws:securityhub:eu-west-1::standards/aws-foundational-security-best-practices/v/1.0.0"
NAME = "aws-foundational-security-best-practices/v/1.0.0"
ARN = f"arn:aws:securityhub:eu-west-1:111122223333:control/{NAME}"


class Documented:
    """Stands for `Calls`: an answer for each operation, or a list of them, one after the other.

    An exception among them is raised.
    """

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def call(
        self, operation: str, parameters: Mapping[str, Any] | None = None, *, patience: float = 0
    ) -> Answer:
        del patience
        self.asked.append((operation, parameters or {}))
        answer = self.answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, 0, 0.0)

    def refused_entry(self, operation: str, code: str, message: str) -> AwsError:
        error = ClientError({"Error": {"Code": code, "Message": message}}, operation)
        return refusal(error, service="securityhub", operation=operation)


def subscription(arn: str, status: str = "READY") -> dict[str, str]:
    return {"StandardsArn": arn, "StandardsStatus": status}


def definition(control: str, *, here: bool = True) -> dict[str, str]:
    availability = "AVAILABLE" if here else "UNAVAILABLE"
    return {"SecurityControlId": control, "CurrentRegionAvailability": availability}


def detail(control: str, *arns: str, status: str = "ENABLED") -> dict[str, Any]:
    return {
        "StandardsArn": FSBP,
        "SecurityControlId": control,
        "AssociationStatus": status,
        "StandardsControlArns": list(arns),
    }


def unprocessed(control: str, code: str) -> dict[str, Any]:
    return {
        "StandardsControlAssociationId": {"SecurityControlId": control, "StandardsArn": FSBP},
        "ErrorCode": code,
        "ErrorReason": "because",
    }


def hub(
    definitions: list[dict[str, str]], details: list[dict[str, Any]], *left: dict[str, Any]
) -> Documented:
    return Documented(
        GetEnabledStandards={"StandardsSubscriptions": [subscription(FSBP)]},
        ListSecurityControlDefinitions={"SecurityControlDefinitions": definitions},
        BatchGetStandardsControlAssociations={
            "StandardsControlAssociationDetails": details,
            "UnprocessedAssociations": list(left),
        },
    )


async def read(documented: Documented) -> tuple[tuple[Standard, ...], list[str]]:
    missing: list[str] = []
    standards = await read_standards(cast("Calls", documented), missing)
    assert standards is not None
    return standards, missing


@pytest.mark.parametrize(
    ("told", "of_aws"),
    [({}, True), ({"Provider": "AWS"}, True), ({"Provider": "Azure"}, False), ({"Provider": "GCP"}, False)],
)
async def test_a_standard_is_of_aws_unless_it_says_otherwise(told: dict[str, str], *, of_aws: bool) -> None:
    documented = hub([definition("S3.1")], [detail("S3.1")])
    documented.answers["GetEnabledStandards"] = {"StandardsSubscriptions": [subscription(FSBP) | told]}
    ((standard,), _) = await read(documented)
    assert standard.of_aws is of_aws


@pytest.mark.parametrize(
    ("status", "counts"),
    [("PENDING", True), ("READY", True), ("INCOMPLETE", True), ("FAILED", True), ("DELETING", False)],
)
async def test_a_standard_counts_until_it_is_being_disabled(status: str, *, counts: bool) -> None:
    documented = hub([definition("S3.1")], [detail("S3.1")])
    documented.answers["GetEnabledStandards"] = {"StandardsSubscriptions": [subscription(FSBP, status)]}
    standards, missing = await read(documented)
    assert [(standard.name, standard.status) for standard in standards] == (
        [(NAME, status)] if counts else []
    )
    assert missing == []


async def test_numbers_are_those_of_the_standard_itself() -> None:
    other = "arn:aws:securityhub:eu-west-1:111122223333:control/pci-dss/v/3.2.1/PCI.S3.1"
    arns = (f"{ARN}/ELBv2.1", f"{ARN}/ELB.1", other, "arn:aws:securityhub:eu-west-1:1:hub/default")
    [standard], _ = await read(hub([definition("ELB.1")], [detail("ELB.1", *arns, status="DISABLED")]))
    assert standard == Standard(
        NAME, FSBP, {"ELB.1": ControlAssociation("ELB.1", enabled=False, numbers=("ELB.1", "ELBv2.1"))}
    )


@pytest.mark.parametrize("code", ["NOT_FOUND", "RESOURCE_NOT_FOUND"])
async def test_a_control_that_the_region_does_not_have_is_neither_on_nor_off(code: str) -> None:
    definitions = [definition("S3.1"), definition("CloudFront.1", here=False)]
    [standard], missing = await read(hub(definitions, [detail("S3.1")], unprocessed("CloudFront.1", code)))
    assert (set(standard.controls), standard.complete, missing) == ({"S3.1"}, True, [])


@pytest.mark.parametrize(
    ("definitions", "left"),
    [
        ([definition("S3.1"), definition("S3.2")], [unprocessed("S3.2", "NOT_FOUND")]),
        ([definition("S3.1"), definition("S3.2")], [unprocessed("S3.2", "ACCESS_DENIED")]),
        ([definition("S3.1"), definition("S3.2")], []),
    ],
)
async def test_a_control_that_is_not_answered_makes_its_standard_incomplete(
    definitions: list[dict[str, str]], left: list[dict[str, Any]]
) -> None:
    [standard], [advice] = await read(hub(definitions, [detail("S3.1")], *left))
    assert (set(standard.controls), standard.complete) == ({"S3.1"}, False)
    assert "S3.2" in advice
    assert NAME in advice


async def test_associations_are_asked_for_by_the_hundred() -> None:
    controls = [f"S3.{n}" for n in range(250)]
    documented = hub([definition(control) for control in controls], [detail(control) for control in controls])
    [standard], _ = await read(documented)
    sizes = [
        len(asked["StandardsControlAssociationIds"])
        for operation, asked in documented.asked
        if operation == "BatchGetStandardsControlAssociations"
    ]
    assert (sizes, len(standard.controls)) == ([100, 100, 50], 250)


@pytest.mark.parametrize("kind", [CredentialsRefused, Terminal])
@pytest.mark.parametrize(
    "operation", ["ListSecurityControlDefinitions", "BatchGetStandardsControlAssociations"]
)
async def test_only_what_is_known_to_pass_is_taken_for_incomplete(
    operation: str, kind: type[Terminal]
) -> None:
    documented = hub([definition("S3.1")], [detail("S3.1")])
    documented.answers[operation] = kind("no", service="securityhub", operation=operation, code="Odd")
    with pytest.raises(kind):
        await read(documented)


def test_a_finding_that_an_update_does_not_mention_is_not_taken_for_done() -> None:
    one, two, three = (FindingId("arn", str(n)) for n in range(3))
    body = {
        "ProcessedFindings": [{"Id": "0", "ProductArn": "arn"}],
        "UnprocessedFindings": [
            {
                "FindingIdentifier": {"Id": "1", "ProductArn": "arn"},
                "ErrorCode": "InvalidInput",
                "ErrorMessage": "m",
            }
        ],
    }
    result = _findings_update([one, two, three], body)
    assert result.processed == (one,)
    assert {entry.finding: entry.code for entry in result.unprocessed} == {
        two: "InvalidInput",
        three: "NotReported",
    }


def associations(*details: dict[str, Any], left: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"StandardsControlAssociationDetails": list(details), "UnprocessedAssociations": list(left)}


async def test_what_exceeds_the_limit_is_asked_for_again_and_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aws_calls, "_FIRST_PAUSE", 0.0)
    names = ("S3.1", "S3.2", "S3.3")
    documented = hub([definition(each) for each in names], [])
    limited = unprocessed("S3.2", "LIMIT_EXCEEDED"), unprocessed("S3.3", "LIMIT_EXCEEDED")
    documented.answers["BatchGetStandardsControlAssociations"] = [
        associations(detail("S3.1"), left=limited),
        associations(detail("S3.3", status="DISABLED"), left=limited[:1]),
        associations(left=(unprocessed("S3.2", "ACCESS_DENIED"),)),
    ]
    [standard], [advice] = await read(documented)
    assert {name: each.enabled for name, each in standard.controls.items()} == {"S3.1": True, "S3.3": False}
    assert "1 control of" in advice
    assert "S3.2 (ACCESS_DENIED because)" in advice
    asked = [
        [each["SecurityControlId"] for each in parameters["StandardsControlAssociationIds"]]
        for operation, parameters in documented.asked
        if operation == "BatchGetStandardsControlAssociations"
    ]
    assert asked == [["S3.1", "S3.2", "S3.3"], ["S3.2", "S3.3"], ["S3.2"]]


async def test_a_limit_that_lasts_is_no_standard_without_that_control(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It passes: facts that lack something for it are never returned."""
    monkeypatch.setattr(aws_calls, "_FIRST_PAUSE", 0.0)
    documented = hub([definition("S3.1")], [], unprocessed("S3.1", "LIMIT_EXCEEDED"))
    with pytest.raises(Throttled, match="because"):
        await read(documented)


async def test_controls_that_are_not_ready_are_known_and_not_asked_for() -> None:
    documented = hub([definition("S3.1")], [])
    documented.answers["GetEnabledStandards"] = {
        "StandardsSubscriptions": [
            {**subscription(FSBP, "PENDING"), "StandardsControlsUpdatable": "NOT_READY_FOR_UPDATES"}
        ]
    }
    [standard], [advice] = await read(documented)
    assert (set(standard.controls), standard.complete) == ({"S3.1"}, False)
    assert "NOT_READY_FOR_UPDATES" in advice
    assert "BatchGetStandardsControlAssociations" not in {operation for operation, _ in documented.asked}


async def test_why_a_standard_is_not_ready_is_kept() -> None:
    documented = hub([definition("S3.1")], [detail("S3.1")])
    reason = {"StatusReasonCode": "NO_AVAILABLE_CONFIGURATION_RECORDER"}
    documented.answers["GetEnabledStandards"] = {
        "StandardsSubscriptions": [{**subscription(FSBP, "INCOMPLETE"), "StandardsStatusReason": reason}]
    }
    [standard], _ = await read(documented)
    assert (standard.status, standard.reason) == ("INCOMPLETE", "NO_AVAILABLE_CONFIGURATION_RECORDER")


async def discovered(**configuration: Any) -> HubFacts:
    documented = hub([definition("S3.1")], [detail("S3.1")])
    documented.answers |= {
        "DescribeHub": {"HubArn": "arn:aws-cn:securityhub:cn-north-1:111122223333:hub/default"},
        "ListMembers": {"Members": [{"AccountId": "444455556666"}]},
        "GetAdministratorAccount": {},
        "DescribeOrganizationConfiguration": configuration,
        "ListFindingAggregators": {"FindingAggregators": []},
        "ListOrganizationAdminAccounts": {"AdminAccounts": []},
        "DescribeSecurityHubV2": {},
    }
    return await discover(cast("Calls", documented), "111122223333", "cn-north-1")


async def test_an_administrator_that_is_full_says_so() -> None:
    assert (await discovered(MemberAccountLimitReached=False)).missing == ()
    [advice] = (await discovered(MemberAccountLimitReached=True)).missing
    assert "higher quota" in advice


@pytest.mark.parametrize(
    ("kind", "status", "is_central"),
    [
        ("CENTRAL", "ENABLED", True),
        ("CENTRAL", "PENDING", True),
        ("CENTRAL", "FAILED", False),
        ("LOCAL", "ENABLED", False),
    ],
)
async def test_central_configuration_that_failed_decides_nothing_and_says_why(
    kind: str, status: str, *, is_central: bool
) -> None:
    configuration = {"ConfigurationType": kind, "Status": status, "StatusMessage": "no delegated Region"}
    facts = await discovered(OrganizationConfiguration=configuration)
    assert facts.central_configuration is is_central
    assert any("no delegated Region" in advice for advice in facts.missing) == (status == "FAILED")
