"""EC2.13, 14, 18, 19, 53, 54: rules that let everybody in."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from posture.aws.client.errors import AccessDenied
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Restored, Situation, SubWrite, name_after
from posture.remediation.actions.ec2.security_group_revoke_public_ingress import ACTION
from tests.support.actions import ActionTests, World, unique
from tests.support.wire import Fault

SSH_4, SSH_6 = "tcp 22 from 0.0.0.0/0", "tcp 22 from ::/0"


def permission(protocol: str, first: int, last: int, **source: Any) -> dict[str, Any]:
    return {"IpProtocol": protocol, "FromPort": first, "ToPort": last, **source}


class TestRevokePublicIngress(ActionTests):
    action = ACTION
    writes = ("ec2:RevokeSecurityGroupIngress",) * 3
    undo_writes = ("ec2:AuthorizeSecurityGroupIngress",) * 3
    write_marker = "Action=RevokeSecurityGroupIngress"
    tag_markers = ("Action=DescribeSecurityGroups&", "Action=DescribeSecurityGroupRules")

    def make_wrong(self, world: World) -> ResourceKey:
        ec2 = world.client("ec2")
        group = ec2.create_security_group(GroupName=unique("g"), Description="d")["GroupId"]
        here, there = {"CidrIp": "10.0.0.0/8"}, {"CidrIp": "0.0.0.0/0", "Description": "the office, for now"}
        everywhere = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
        for each, tags in (
            (permission("tcp", 22, 22, IpRanges=[there]), [{"Key": "why", "Value": "ssh"}]),
            (permission("tcp", 22, 22, **everywhere), []),
            (permission("tcp", 3389, 3389, IpRanges=[{"CidrIp": "0.0.0.0/0"}]), []),
            (permission("tcp", 22, 22, IpRanges=[here]), []),
            (permission("tcp", 443, 443, IpRanges=[{"CidrIp": "0.0.0.0/0"}]), []),
            (permission("tcp", 0, 65535, IpRanges=[{"CidrIp": "0.0.0.0/0"}]), []),
        ):
            options = {"TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": tags}]}
            ec2.authorize_security_group_ingress(
                GroupId=group, IpPermissions=[each], **(options if tags else {})
            )
        return world.resource("AwsEc2SecurityGroup", "ec2", f"security-group/{group}")

    def settings(self, world: World, resource: ResourceKey) -> Any:
        """All rules, apart from their ids: what is authorized again has another one."""
        ec2, group = world.client("ec2"), name_after(resource, "security-group/")
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        listed = [
            {name: value for name, value in rule.items() if name != "SecurityGroupRuleId"} for rule in rules
        ]
        return sorted(listed, key=repr)

    def fixed(self, settings: Any) -> Any:
        def is_wrong(rule: dict[str, Any]) -> bool:
            public = rule.get("CidrIpv4") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"
            return public and not rule["IsEgress"] and rule["FromPort"] == rule["ToPort"] != 443

        return [rule for rule in settings if not is_wrong(rule)]

    async def read(self, world: World, resource: ResourceKey, **situation: Any) -> Any:
        controls = frozenset({"EC2.13", "EC2.14", "EC2.53"})
        read = await super().read(world, resource, **{"controls": controls, **situation})
        (spared,) = read.verdict.spared
        assert (spared.name, spared.reason) == ("tcp 0-65535 from 0.0.0.0/0", Reason.NOT_SUPPORTED)
        return read._replace(verdict=read.verdict._replace(spared=()))

    def change(self, world: World, resource: ResourceKey) -> None:
        """Open the same port again, with other words."""
        world.client("ec2").authorize_security_group_ingress(
            GroupId=name_after(resource, "security-group/"),
            IpPermissions=[
                permission("tcp", 22, 22, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "me"}])
            ],
        )

    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        tags = [{"Key": tag[0], "Value": tag[1]}]
        world.client("ec2").create_tags(Resources=[name_after(resource, "security-group/")], Tags=tags)

    def remove(self, world: World, resource: ResourceKey) -> None:
        world.client("ec2").delete_security_group(GroupId=name_after(resource, "security-group/"))

    async def test_the_tags_of_a_rule_count(self, world: World) -> None:
        resource = self.make_wrong(world)
        tags = [each.tags for each in await self.action.tags(world.reader(), resource)]
        assert (("why", "ssh"),) in tags

    async def test_what_was_done_before_a_failure_stays_done_and_is_undone(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        wrong = (await self.read(world, resource)).verdict.wrong
        await self.action.write(world.writer(), resource, wrong[0])
        world.wire.fail(self.write_marker, Fault.DENIED)
        with pytest.raises(AccessDenied):
            await self.action.write(world.writer(), resource, wrong[1])
        world.wire.heal()
        left = (await self.read(world, resource)).verdict.wrong
        assert [each.name for each in left] == [each.name for each in wrong[1:]]
        outcomes = [await self.action.undo(world.writer(), resource, each) for each in wrong]
        assert outcomes == [Restored.RESTORED, Restored.ALREADY_BACK, Restored.ALREADY_BACK]
        assert self.settings(world, resource) == before

    async def test_a_rule_that_was_made_anew_since_the_plan_is_not_revoked(self, world: World) -> None:
        resource = self.make_wrong(world)
        by_name = {each.name: each for each in (await self.read(world, resource)).verdict.wrong}
        stale: SubWrite = by_name[SSH_6]
        ec2, group = world.client("ec2"), name_after(resource, "security-group/")
        again = [permission("tcp", 22, 22, Ipv6Ranges=[{"CidrIpv6": "::/0"}])]
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=again)
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=again)
        before = self.settings(world, resource)
        with pytest.raises(Exception, match="NotFound"):
            await self.action.write(world.writer(), resource, stale)
        assert self.settings(world, resource) == before

    async def test_wide_rules_are_revoked_where_the_rule_says_so(self, world: World) -> None:
        resource = self.make_wrong(world)
        state = (await self.read(world, resource)).state
        values = self.action.configure({"wideRules": "Revoke", "ports": "22"})
        situation = Situation(0, frozenset({"EC2.19"}))
        names = [each.name for each in self.action.judge(state, values, situation).wrong]
        assert names == ["tcp 0-65535 from 0.0.0.0/0", SSH_4, SSH_6]

    async def test_a_group_that_is_not_there_is_no_error_to_a_person(self, world: World) -> None:
        """The way that moto and AWS say it is gone is the same one that the action takes for it."""
        resource = self.make_wrong(world)
        self.remove(world, resource)
        with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
            world.client("ec2").describe_security_groups(GroupIds=[name_after(resource, "security-group/")])
