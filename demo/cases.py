"""What fails for real in three accounts of the simulated organization, so that rules have something to do."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import boto3

from sandbox.cloud import Cloud

REGION = "eu-west-1"
OPTED_OUT = "600000007919"
"""The account whose tag says that public access is meant."""
_ACCOUNTS = ("600000000000", OPTED_OUT, "600000015838")
_ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]
_PORTS = (22, 443, 3389)


class Case(NamedTuple):
    """A resource that a control finds wrong."""

    account: str
    control: str
    type: str
    id: str


def make(cloud: Cloud) -> list[Case]:
    """Make the resources, and the findings that a check of a moment ago would have made of them."""
    cloud.join_organization(
        [
            {"id": account, "name": account, "email": f"{account}@example.com", "tags": _tags(account)}
            for account in _ACCOUNTS
        ]
    )
    cases = [case for account in _ACCOUNTS for case in (*_open_group(cloud, account), _key(cloud, account))]
    cases += [Case(each, "S3.1", "AwsAccount", f"AWS::::Account:{each}") for each in _ACCOUNTS]
    for each in cases:
        cloud.control.load([_finding(cloud, each)])
    return cases


def open_ports(cloud: Cloud, account: str) -> list[int]:
    """Return the ports that the account's group lets everybody in by."""
    groups = _client(cloud, account, "ec2").describe_security_groups(GroupNames=["jump-host"])
    return sorted(each["FromPort"] for each in groups["SecurityGroups"][0]["IpPermissions"])


def _tags(account: str) -> Mapping[str, str]:
    return {"AllowPublicAccess": "true"} if account == OPTED_OUT else {}


def _open_group(cloud: Cloud, account: str) -> list[Case]:
    ec2 = _client(cloud, account, "ec2")
    group = ec2.create_security_group(GroupName="jump-host", Description="Lets everybody in")["GroupId"]
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": _ANYWHERE} for port in _PORTS
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    arn = f"arn:aws:ec2:{REGION}:{account}:security-group/{group}"
    return [Case(account, control, "AwsEc2SecurityGroup", arn) for control in ("EC2.13", "EC2.14")]


def _key(cloud: Cloud, account: str) -> Case:
    iam = _client(cloud, account, "iam")
    iam.create_user(UserName="deploy")
    iam.create_access_key(UserName="deploy")
    return Case(account, "IAM.3", "AwsIamUser", f"arn:aws:iam::{account}:user/deploy")


def _finding(cloud: Cloud, case: Case) -> dict[str, Any]:
    """Return the finding of a case: as the organization's own are, but of this resource."""
    model = next(
        each
        for each in cloud.control.findings(account=case.account)
        if each.get("Compliance", {}).get("SecurityControlId")
        and each["ProductArn"].endswith("product/aws/securityhub")
    )
    made = copy.deepcopy(dict(model))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    made["Id"] = f"arn:aws:securityhub:{REGION}:{case.account}:security-control/{case.control}/finding/demo"
    made["Region"] = REGION
    made["GeneratorId"] = f"security-control/{case.control}"
    made["Title"] = f"{case.control} fails"
    made["Compliance"] = {
        "Status": "FAILED",
        "SecurityControlId": case.control,
        "AssociatedStandards": [
            {"StandardsId": "standards/aws-foundational-security-best-practices/v/1.0.0"}
        ],
    }
    made["Resources"] = [{"Type": case.type, "Id": case.id, "Partition": "aws", "Region": REGION}]
    made["Severity"] = {"Label": "HIGH", "Normalized": 70, "Original": "HIGH"}
    made["Workflow"], made["RecordState"] = {"Status": "NEW"}, "ACTIVE"
    for moment in ("UpdatedAt", "CreatedAt", "FirstObservedAt", "LastObservedAt"):
        made[moment] = now
    return made


def _client(cloud: Cloud, account: str, service: str) -> Any:  # noqa: ANN401 - boto3 has no types
    environment = cloud.env_for(account, REGION)
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.moto_url,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )
