"""SSM Automation of the sandbox, as a person with an SDK sees it, beside moto's EC2 and documents."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.cloud import Cloud, CloudError

DOCUMENT = "AWS-DisablePublicAccessForSecurityGroup"
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as running:
        yield running


class Person:
    """Somebody of one account."""

    def __init__(self, cloud: Cloud, account: str) -> None:
        self.account = account
        self._cloud = cloud
        self.ssm = self.client("ssm")
        self.ec2 = self.client("ec2")

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        env = self._cloud.env_for(self.account)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self._cloud.moto_url,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=env["AWS_SESSION_TOKEN"],
            config=Config(**config),
        )

    def group(self) -> str:
        """Make a group that is open to all for SSH and RDP, and for HTTPS."""
        group: str = self.ec2.create_security_group(GroupName=str(uuid.uuid4()), Description="d")["GroupId"]
        self.ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": port,
                    "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                    "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
                }
                for port in (22, 3389, 443)
            ],
        )
        return group

    def open_ports(self, group: str) -> list[tuple[int, str]]:
        rules = self.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
        return sorted(
            (rule["FromPort"], rule.get("CidrIpv4") or rule.get("CidrIpv6"))
            for rule in rules["SecurityGroupRules"]
            if not rule["IsEgress"]
        )

    def start(self, document: str = DOCUMENT, **asked: Any) -> str:
        execution: str = self.ssm.start_automation_execution(DocumentName=document, **asked)[
            "AutomationExecutionId"
        ]
        return execution

    def get(self, execution: str) -> Any:
        return self.ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]

    def follow(self, execution: str, polls: int = 10) -> Any:
        for _ in range(polls):
            found = self.get(execution)
            if "ExecutionEndTime" in found:
                return found
        return found


@pytest.fixture
def person(cloud: Cloud) -> Iterator[Person]:
    yield Person(cloud, f"{uuid.uuid4().int % 10**12:012}")
    cloud.script("ssm")


def refused(call: Any, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**asked)
    code: str = error.value.response["Error"]["Code"]
    return code


def test_a_run_acts_step_by_step_on_what_moto_keeps(person: Person) -> None:
    group = person.group()
    execution = person.start(DocumentVersion="2", Parameters={"GroupId": [group]})
    assert (22, "0.0.0.0/0") in person.open_ports(group)
    first = person.get(execution)
    assert first["AutomationExecutionStatus"] == "InProgress"
    assert person.open_ports(group) == [
        (22, "::/0"),
        (443, "0.0.0.0/0"),
        (443, "::/0"),
        (3389, "0.0.0.0/0"),
        (3389, "::/0"),
    ]
    last = person.follow(execution)
    assert last["AutomationExecutionStatus"] == "Success"
    assert (last["DocumentName"], last["DocumentVersion"]) == (DOCUMENT, "2")
    assert last["Parameters"] == {"GroupId": [group]}
    assert {step["StepStatus"] for step in last["StepExecutions"]} == {"Success"}
    assert person.open_ports(group) == [(443, "0.0.0.0/0"), (443, "::/0")]


def test_a_version_is_the_document_s_own(person: Person) -> None:
    group = person.group()
    person.follow(person.start(DocumentVersion="1", Parameters={"GroupId": [group]}))
    assert person.open_ports(group) == [(22, "::/0"), (443, "0.0.0.0/0"), (443, "::/0"), (3389, "::/0")]
    started = person.start(Parameters={"GroupId": [group]})
    assert person.get(started)["DocumentVersion"] == "2"


def test_runs_are_listed_without_going_on(person: Person) -> None:
    first = person.start(Parameters={"GroupId": ["sg-1"]})
    second = person.start(DocumentVersion="1", Parameters={"GroupId": ["sg-1"]})
    for _ in range(3):
        listed = person.ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    found = [(each["AutomationExecutionId"], each["AutomationExecutionStatus"]) for each in listed]
    assert found == [(second, "InProgress"), (first, "InProgress")]


def test_a_step_that_fails_ends_the_run_and_what_was_done_stays(person: Person) -> None:
    group = person.group()
    person.ec2.revoke_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
        ],
    )
    last = person.follow(person.start(Parameters={"GroupId": [group]}))
    assert last["AutomationExecutionStatus"] == "Failed"
    assert "InvalidPermission.NotFound" in last["FailureMessage"]
    assert [step["StepStatus"] for step in last["StepExecutions"]] == [
        "Success",
        "Failed",
        "Pending",
        "Pending",
    ]
    assert (22, "0.0.0.0/0") not in person.open_ports(group)
    assert (3389, "0.0.0.0/0") in person.open_ports(group)


def test_one_token_starts_one_run(person: Person) -> None:
    token, group = str(uuid.uuid4()), person.group()
    asked: dict[str, Any] = {"ClientToken": token, "DocumentVersion": "2", "Parameters": {"GroupId": [group]}}
    first = person.start(**asked)
    assert person.start(**asked) == first
    person.follow(first)
    assert person.start(**asked) == first
    assert person.start(**{**asked, "ClientToken": str(uuid.uuid4())}) != first
    for other in (
        {"Parameters": {"GroupId": ["sg-0123"]}},
        {"DocumentVersion": "1"},
        {"DocumentVersion": "$DEFAULT"},
    ):
        start = person.ssm.start_automation_execution
        assert refused(start, **{"DocumentName": DOCUMENT, **asked, **other}) == "IdempotentParameterMismatch"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"DocumentName": "AWS-NoSuchDocument"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentName": "AWS-RunShellScript"}, "AutomationDefinitionNotFoundException"),
        ({"DocumentVersion": "99"}, "AutomationDefinitionVersionNotFoundException"),
        ({"Parameters": {}}, "InvalidAutomationExecutionParametersException"),
        ({"Parameters": {"GroupId": []}}, "InvalidAutomationExecutionParametersException"),
        ({"Parameters": {"GroupId": ["sg-1", "sg-2"]}}, "InvalidAutomationExecutionParametersException"),
        ({"Parameters": {"GroupId": ["group"]}}, "InvalidAutomationExecutionParametersException"),
        (
            {"Parameters": {"GroupId": ["sg-1"], "Other": ["x"]}},
            "InvalidAutomationExecutionParametersException",
        ),
    ],
)
def test_what_cannot_run_is_refused_before_it_starts(
    person: Person, asked: dict[str, Any], code: str
) -> None:
    good = {"DocumentName": DOCUMENT, "Parameters": {"GroupId": ["sg-1"]}}
    assert refused(person.ssm.start_automation_execution, **{**good, **asked}) == code


def test_a_run_is_known_in_its_account_and_region_alone(cloud: Cloud, person: Person) -> None:
    execution = person.start(Parameters={"GroupId": ["sg-1"]})
    unknown = "AutomationExecutionNotFoundException"
    for client in (person.client("ssm", "us-east-1"), Person(cloud, "222233334444").ssm):
        assert refused(client.get_automation_execution, AutomationExecutionId=execution) == unknown
        assert refused(client.stop_automation_execution, AutomationExecutionId=execution) == unknown


def test_a_run_that_is_stopped_does_no_further_step(cloud: Cloud, person: Person) -> None:
    group = person.group()
    execution = person.start(Parameters={"GroupId": [group]})
    person.get(execution)
    person.ssm.stop_automation_execution(AutomationExecutionId=execution, Type="Cancel")
    assert person.get(execution)["AutomationExecutionStatus"] == "Cancelling"
    assert person.get(execution)["AutomationExecutionStatus"] == "Cancelled"
    assert len(person.open_ports(group)) == 5
    stop = person.ssm.stop_automation_execution
    assert refused(stop, AutomationExecutionId=execution) == "InvalidAutomationStatusUpdateException"
    cloud.script("ssm", {"polls": None})
    execution = person.start(Parameters={"GroupId": [group]})
    person.follow(execution, polls=3)
    person.ssm.stop_automation_execution(AutomationExecutionId=execution)
    assert person.follow(execution)["AutomationExecutionStatus"] == "Cancelled"


def test_a_script_says_how_runs_go(cloud: Cloud, person: Person) -> None:
    group = person.group()
    cloud.script(
        "ssm", {"document": "AWS-Disable*", "polls": 2, "end": "TimedOut", "acts": False, "message": "late"}
    )
    execution = person.start(Parameters={"GroupId": [group]})
    for _ in range(3):
        assert person.get(execution)["AutomationExecutionStatus"] == "InProgress"
    last = person.get(execution)
    assert (last["AutomationExecutionStatus"], last["FailureMessage"]) == ("TimedOut", "late")
    assert len(person.open_ports(group)) == 6
    cloud.script("ssm", {"polls": None, "meanwhile": "PendingApproval", "account": person.account})
    execution = person.start(Parameters={"GroupId": [group]})
    assert person.follow(execution)["AutomationExecutionStatus"] == "PendingApproval"


def test_calls_are_throttled_as_often_as_a_script_says(cloud: Cloud, person: Person) -> None:
    execution = person.start(Parameters={"GroupId": ["sg-1"]})
    cloud.script("ssm", {"refuse": "GetAutomationExecution", "count": 1})
    # The SDK's own second attempt would hide it.
    once = person.client("ssm", retries={"total_max_attempts": 1}).get_automation_execution
    assert refused(once, AutomationExecutionId=execution) == "ThrottlingException"
    assert once(AutomationExecutionId=execution)["AutomationExecution"]


@pytest.mark.parametrize(
    ("service", "script"), [("ssm", {"polls": "x"}), ("ssm", {"poll": 1}), ("ec2", {}), ("", {})]
)
def test_a_script_that_makes_no_sense_is_refused(cloud: Cloud, service: str, script: dict[str, Any]) -> None:
    with pytest.raises(CloudError):
        cloud.script(service, script)


def test_amazon_s_documents_are_described_in_every_account(person: Person) -> None:
    about = person.ssm.describe_document(Name=DOCUMENT, DocumentVersion="1")["Document"]
    assert (about["Owner"], about["DocumentVersion"], about["DefaultVersion"]) == ("Amazon", "1", "2")
    assert (about["DocumentType"], about["Status"]) == ("Automation", "Active")
    required = [each["Name"] for each in about["Parameters"] if "DefaultValue" not in each]
    assert required == ["GroupId"]
    describe = person.ssm.describe_document
    assert refused(describe, Name=DOCUMENT, DocumentVersion="3") == "InvalidDocumentVersion"
    assert refused(describe, Name="AWS-NoSuchDocument") == "InvalidDocument"
    listed = person.ssm.list_documents(Filters=[{"Key": "Owner", "Values": ["Amazon"]}])
    assert DOCUMENT in {each["Name"] for each in listed["DocumentIdentifiers"]}
    assert person.ssm.list_documents()["DocumentIdentifiers"] == []


def test_a_document_of_the_account_runs_as_it_is_written(person: Person) -> None:
    group = person.group()
    steps = [
        {
            "name": "Tag",
            "action": "aws:executeAwsApi",
            "inputs": {
                "Service": "ec2",
                "Api": "CreateTags",
                "Resources": "{{ Groups }}",
                "Tags": [{"Key": "by", "Value": "account {{ global:ACCOUNT_ID }} in {{global:REGION}}"}],
            },
        },
        {
            "name": "Missing",
            "action": "aws:executeAwsApi",
            "onFailure": "Continue",
            "inputs": {"Service": "ec2", "Api": "DeleteSecurityGroup", "GroupId": "{{ Other }}"},
        },
        {"name": "Wait", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}},
    ]
    content = {
        "schemaVersion": "0.3",
        "parameters": {
            "Groups": {"type": "StringList"},
            "Other": {"type": "String", "default": "sg-0123"},
        },
        "mainSteps": steps,
    }
    person.ssm.create_document(
        Name="Tag-Groups", DocumentType="Automation", DocumentFormat="JSON", Content=json.dumps(content)
    )
    about = person.ssm.describe_document(Name="Tag-Groups")["Document"]
    assert about["Owner"] == person.account
    last = person.follow(person.start("Tag-Groups", DocumentVersion="1", Parameters={"Groups": [group]}))
    assert last["AutomationExecutionStatus"] == "Success"
    tags = person.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["Tags"]
    assert tags == [{"Key": "by", "Value": f"account {person.account} in {REGION}"}]
    missing = refused(person.ssm.start_automation_execution, DocumentName="Tag-Groups", DocumentVersion="2")
    assert missing == "AutomationDefinitionVersionNotFoundException"
