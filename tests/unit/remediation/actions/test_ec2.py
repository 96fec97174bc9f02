"""EC2: owners, states and answers that moto does not have, and rules as they are authorized again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Action, LiveState, Refused, Situation
from posture.remediation.actions.ec2.groups import authorize, kept_rule, rule_name
from posture.remediation.actions.registry import builtin_actions
from tests.support.scripted_reader import Script, Writes

ACTIONS = builtin_actions()
OWNER, OTHER = Script.account_id, "444455556666"
SITUATION = Situation(1_796_000_000_000_000, frozenset())


def resource(last: str) -> ResourceKey:
    return ResourceKey(OWNER, "aws", Script.region, "Aws", f"arn:aws:ec2:{Script.region}:{OWNER}:{last}")


SUBNET = {
    "SubnetId": "subnet-1",
    "OwnerId": OWNER,
    "MapPublicIpOnLaunch": True,
    "AssignIpv6AddressOnCreation": False,
}
GATEWAY = {
    "TransitGatewayId": "tgw-1",
    "OwnerId": OWNER,
    "State": "available",
    "Options": {"AutoAcceptSharedAttachments": "enable"},
}
INSTANCE = {"InstanceId": "i-1", "State": {"Name": "running"}, "MetadataOptions": {"HttpTokens": "optional"}}


def instances(described: Mapping[str, Any], owner: str = OWNER) -> dict[str, Any]:
    return {"Reservations": [{"OwnerId": owner, "Instances": [described]}]}


@pytest.mark.parametrize(
    ("name", "last", "operation", "answer", "reason"),
    [
        ("ec2-subnet-disable-public-addresses", "subnet/subnet-1", "DescribeSubnets", answer, reason)
        for answer, reason in (
            ({"Subnets": [SUBNET | {"OwnerId": OTHER}]}, Reason.NOT_OWNER),
            ({"Subnets": [{"SubnetId": "subnet-1", "OwnerId": OWNER}]}, Reason.UNREADABLE),
            ({"Subnets": [SUBNET | {"SubnetId": "subnet-2"}]}, Reason.UNREADABLE),
            ({"Subnets": [SUBNET, SUBNET]}, Reason.UNREADABLE),
            ({"Subnets": []}, Reason.RESOURCE_GONE),
            ({}, Reason.UNREADABLE),
        )
    ]
    + [
        (
            "ec2-transit-gateway-disable-auto-accept",
            "transit-gateway/tgw-1",
            "DescribeTransitGateways",
            answer,
            reason,
        )
        for answer, reason in (
            ({"TransitGateways": [GATEWAY | {"OwnerId": OTHER}]}, Reason.NOT_OWNER),
            ({"TransitGateways": [GATEWAY | {"State": "deleted"}]}, Reason.RESOURCE_GONE),
            ({"TransitGateways": [GATEWAY | {"Options": {}}]}, Reason.UNREADABLE),
        )
    ]
    + [
        ("ec2-instance-require-imdsv2", "instance/i-1", "DescribeInstances", answer, reason)
        for answer, reason in (
            (instances(INSTANCE, OTHER), Reason.NOT_OWNER),
            (instances(INSTANCE | {"State": {"Name": "shutting-down"}}), Reason.RESOURCE_GONE),
            (instances(INSTANCE | {"MetadataOptions": {}}), Reason.UNREADABLE),
            (instances(INSTANCE | {"InstanceId": "i-2"}), Reason.UNREADABLE),
            ({}, Reason.UNREADABLE),
        )
    ],
)
def test_what_is_not_the_accounts_own_or_not_said_is_refused(
    name: str, last: str, operation: str, answer: dict[str, Any], reason: Reason
) -> None:
    reader = Script({(operation, None): answer, ("GetMetricStatistics", None): {"Datapoints": []}})
    with pytest.raises(Refused) as refused:
        asyncio.run(ACTIONS[name].read(reader, resource(last)))
    assert refused.value.reason is reason


def judged(action: Action, state: LiveState, parameters: Mapping[str, object] | None = None) -> Any:
    """What is wrong and what is spared, by name; or why the resource is refused."""
    try:
        verdict = action.judge(state, action.configure(parameters or {}), SITUATION)
    except Refused as refused:
        return refused.reason
    return [each.name for each in verdict.wrong], [each.name for each in verdict.spared]


IPV4, IPV6 = "MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"


@pytest.mark.parametrize(
    ("on", "native", "parameters", "outcome"),
    [
        ((), False, {}, ([], [])),
        ((IPV4,), False, {}, ([IPV4], [])),
        ((IPV6,), False, {}, ([IPV6], [])),
        ((IPV4, IPV6), False, {}, ([IPV4, IPV6], [])),
        ((IPV4, IPV6), False, {"ipv6": "Skip"}, ([IPV4], [IPV6])),
        ((IPV6,), True, {}, ([], [IPV6])),
    ],
)
def test_addresses_of_a_subnet(
    on: tuple[str, ...], native: bool, parameters: Mapping[str, object], outcome: Any
) -> None:
    state = LiveState({name: name in on for name in (IPV4, IPV6)}, {"Ipv6Native": native})
    assert judged(ACTIONS["ec2-subnet-disable-public-addresses"], state, parameters) == outcome


@pytest.mark.parametrize(
    ("option", "state", "outcome"),
    [
        ("enable", "available", (["AutoAcceptSharedAttachments"], [])),
        ("disable", "available", ([], [])),
        ("disable", "modifying", ([], [])),
        ("enable", "modifying", Reason.PENDING),
        ("enable", "pending", Reason.PENDING),
    ],
)
def test_a_gateway_that_is_being_changed_is_waited_for(option: str, state: str, outcome: Any) -> None:
    read = LiveState({"AutoAcceptSharedAttachments": option}, {"state": state})
    assert judged(ACTIONS["ec2-transit-gateway-disable-auto-accept"], read) == outcome


def test_public_snapshots_are_read_to_the_last_page() -> None:
    def listed(*ids: str, **more: Any) -> dict[str, Any]:
        return {"Snapshots": [{"SnapshotId": each, "OwnerId": OWNER} for each in ids], **more}

    reader = Script(
        {
            ("DescribeSnapshots", None): listed("snap-1", NextToken="2"),
            ("DescribeSnapshots", "2"): listed(NextToken="3"),
            ("DescribeSnapshots", "3"): listed("snap-2"),
            ("DescribeSnapshotAttribute", None): {"CreateVolumePermissions": [{"Group": "all"}]},
        }
    )
    account = ResourceKey(OWNER, "aws", Script.region, "AwsAccount", f"AWS::::Account:{OWNER}")
    action = ACTIONS["ec2-snapshots-make-private"]
    assert asyncio.run(action.read(reader, account)).parts == {"snap-1": "public", "snap-2": "public"}
    tags = asyncio.run(action.tags(reader, account))
    assert [each.resource for each in tags] == [account.id, "snap-1", "snap-2"]


RULE = {"SecurityGroupRuleId": "sgr-1", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
ALL = {"SecurityGroupRuleId": "sgr-1", "IsEgress": True, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1}
PEER = {"GroupId": "sg-2", "UserId": OTHER, "VpcId": "vpc-2", "VpcPeeringConnectionId": "pcx-1"}


@pytest.mark.parametrize(
    ("rule", "name", "permission"),
    [
        (
            RULE | {"CidrIpv4": "0.0.0.0/0", "Description": "d"},
            "tcp 22 from 0.0.0.0/0",
            {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "d"}]},
        ),
        (RULE | {"CidrIpv6": "::/0"}, "tcp 22 from ::/0", {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}),
        (
            ALL | {"PrefixListId": "pl-1", "Description": "d"},
            "all traffic to pl-1",
            {"PrefixListIds": [{"PrefixListId": "pl-1", "Description": "d"}]},
        ),
        (
            ALL | {"ReferencedGroupInfo": PEER | {"PeeringStatus": "active"}, "Description": "d"},
            "all traffic to pcx-1/sg-2",
            {"UserIdGroupPairs": [{**PEER, "Description": "d"}]},
        ),
    ],
)
def test_a_rule_is_authorized_again_as_it_was(
    rule: dict[str, Any], name: str, permission: dict[str, Any]
) -> None:
    tagged = rule | {"Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}]}
    writer = Writes({})
    assert rule_name(tagged) == name
    asyncio.run(authorize(writer, resource("security-group/sg-1"), kept_rule(tagged)))
    ((operation, request),) = writer.written
    assert operation == f"AuthorizeSecurityGroup{'Egress' if rule['IsEgress'] else 'Ingress'}"
    members = {member: rule[member] for member in ("IpProtocol", "FromPort", "ToPort")}
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert request == {
        "GroupId": "sg-1",
        "IpPermissions": [{**members, **permission}],
        "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}],
    }
