"""Resources of member accounts that rules remediate for real, with the findings that speak of them."""

import copy
import json
from collections.abc import Mapping
from typing import Any

import boto3

from sandbox.cloud import Cloud
from tests.support.e2e.exceptions import in_hours
from tests.support.e2e.rules import failing
from tests.support.e2e.stage import ORGANIZATION, Stage

REGION = "eu-west-1"
SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
RDP = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
WEB = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def client(cloud: Cloud, account: str, service: str, region: str = REGION) -> Any:
    """A client of a person with every right in an account."""
    environment = cloud.env_for(account, region)
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=cloud.moto_url,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )


class Group:
    """A security group in a member account that lets SSH in from everywhere, and HTTPS."""

    type = "AwsEc2SecurityGroup"

    def __init__(self, cloud: Cloud, account: str, name: str, *rules: Any) -> None:
        self.account = account
        self.ec2 = client(cloud, account, "ec2")
        self.id = self.ec2.create_security_group(GroupName=name, Description=name)["GroupId"]
        self.arn = f"arn:aws:ec2:{REGION}:{account}:security-group/{self.id}"
        self.open(*(rules or (SSH, WEB)))

    def open(self, *rules: Any) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=self.id, IpPermissions=list(rules))

    def close(self, *rules: Any) -> None:
        self.ec2.revoke_security_group_ingress(GroupId=self.id, IpPermissions=list(rules))

    def tag(self, key: str, value: str) -> None:
        self.ec2.create_tags(Resources=[self.id], Tags=[{"Key": key, "Value": value}])

    @property
    def ports(self) -> list[int]:
        """The ports that are open to everybody."""
        (group,) = self.ec2.describe_security_groups(GroupIds=[self.id])["SecurityGroups"]
        return sorted(
            each["FromPort"]
            for each in group["IpPermissions"]
            if any(address["CidrIp"] == "0.0.0.0/0" for address in each["IpRanges"])
        )


def tag_account(cloud: Cloud, account: str, **tags: str) -> None:
    """Tag a member account in its organization, in place of all tags that it had."""
    seed = {each["id"]: each for each in ORGANIZATION.seed()["accounts"]}
    cloud.join_organization([{**seed[account], "tags": tags}])


class Table:
    """A table of DynamoDB in a member account without recovery to a point in time."""

    type = "AwsDynamoDbTable"

    def __init__(self, cloud: Cloud, account: str, name: str, tags: Mapping[str, str] | None = None) -> None:
        self.account = account
        self.id = name
        self.dynamodb = client(cloud, account, "dynamodb")
        self.arn = f"arn:aws:dynamodb:{REGION}:{account}:table/{name}"
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            Tags=[{"Key": key, "Value": value} for key, value in (tags or {}).items()],
        )

    @property
    def recovers(self) -> bool:
        """Whether it can be recovered to a point in time."""
        said = self.dynamodb.describe_continuous_backups(TableName=self.id)["ContinuousBackupsDescription"]
        return bool(said["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED")


def accounts(cloud: Cloud, control: str = "EC2.19") -> list[str]:
    """Return the member accounts that have findings of a control."""
    return sorted({each["AwsAccountId"] for each in cloud.control.findings() if _is_of(each, control)})


def found(
    cloud: Cloud, resource: Group | Table | str, control: str = "EC2.19", **changes: Any
) -> dict[str, Any]:
    """Add a finding that a check of a moment ago made: the resource fails a control. Returns it.

    `changes`: of the resource: `Type`, `Id`, `Tags`; `account`: of one that is given by its Id.
    """
    if isinstance(resource, str):
        account, arn = str(changes.pop("account")), resource
    else:
        account, arn = resource.account, resource.arn
        changes = {"Type": resource.type, **changes}
    model = next(
        each for each in cloud.control.findings() if _is_of(each, control) and each["AwsAccountId"] == account
    )
    made = copy.deepcopy(dict(model))
    now = in_hours(0)
    made["Id"] = f"{model['Id'].rsplit('/', 1)[0]}/{arn.rsplit('/', 1)[-1]}-{control}"
    made["Resources"] = [{**model["Resources"][0], "Id": arn, **changes}]
    made["Compliance"] = {**model["Compliance"], "Status": "FAILED"}
    made["Workflow"] = {"Status": "NEW"}
    made["RecordState"] = "ACTIVE"
    made["UpdatedAt"] = made["LastObservedAt"] = made["CreatedAt"] = made["FirstObservedAt"] = now
    made.pop("Note", None)
    made.pop("UserDefinedFields", None)
    cloud.control.load([made])
    return made


def written(cloud: Cloud, resource: Group | Table) -> list[str]:
    """Return the operations by which roles have changed a resource, in order, those that were done."""
    return [
        each["operation"]
        for each in cloud.writes()
        if not each["code"]
        and each["account"] == resource.account
        and resource.id in json.dumps(each["parameters"])
    ]


def finding(cloud: Cloud, of: dict[str, Any]) -> dict[str, Any]:
    """Return a finding as it truly is now."""
    return next(dict(each) for each in cloud.control.findings() if each["Id"] == of["Id"])


def remediations(stage: Stage) -> list[dict[str, Any]]:
    """Return the journal."""
    found_there = json.loads(stage.kubectl("get", "remediations", "-o", "json"))["items"]
    assert isinstance(found_there, list)
    return found_there


def states(stage: Stage) -> dict[str, str]:
    """Return the state of each remediation, by the Id of its resource."""
    return {each["spec"]["resource"]["id"]: state(each) for each in remediations(stage)}


def state(remediation: dict[str, Any]) -> str:
    """Return the state of a remediation; empty before it has one."""
    conditions = remediation.get("status", {}).get("conditions", [])
    return next((each["reason"] for each in conditions if each["type"] == "Complete"), "")


def quiet(cloud: Cloud, *controls: str) -> None:
    """Let nothing else fail of some controls: what tests add is all that rules find."""
    for each in failing(cloud, controls):
        passed = {**each["Compliance"], "Status": "PASSED"}
        cloud.control.mutate(
            {"op": "update", "id": each["Id"], "set": {"Compliance": passed, "UpdatedAt": in_hours(0)}}
        )


def _is_of(each: Any, control: str) -> bool:
    return bool(
        each.get("Compliance", {}).get("SecurityControlId") == control
        and each["ProductArn"].endswith("product/aws/securityhub")
    )
