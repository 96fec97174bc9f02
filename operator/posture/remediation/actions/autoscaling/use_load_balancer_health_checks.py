"""AutoScaling.1: groups behind a load balancer that replace what it finds unhealthy."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import Setting, pairs, read_list, the_one

_BALANCER, _INSTANCE = "ELB", "EC2"
_NAMED = "autoScalingGroupName/"
# Tags of groups that another service makes, and sets back.
_SERVICES = ("eks:", "elasticbeanstalk:", "aws:elasticbeanstalk:")


class UseLoadBalancerHealthChecks(Setting):
    """The part is the checks beside EC2's own, which are always made (Auto Scaling API, HealthCheckType)."""

    name = "autoscaling-use-load-balancer-health-checks"
    controls = frozenset({"AutoScaling.1"})
    works_on = WorksOn(frozenset({"AwsAutoScalingAutoScalingGroup"}))
    iam = Iam(
        read=(
            "autoscaling:DescribeAutoScalingGroups",
            "elasticloadbalancing:DescribeInstanceHealth",
            "elasticloadbalancing:DescribeTargetHealth",
        ),
        write=("autoscaling:UpdateAutoScalingGroup",),
        undo=("autoscaling:UpdateAutoScalingGroup",),
    )
    risk = (
        "Instances that the load balancer finds unhealthy are replaced: all in turn, if its check is wrong."
    )
    undo_says = "The setting is as before; instances that were replaced meanwhile stay replaced."
    part = "healthChecks"
    summary = "Use the health checks of the load balancer"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the group's checks, what it is behind, and what of it is unhealthy there."""
        group = await _group(reader, resource)
        checks = {each.strip() for each in group.get("HealthCheckType", "").split(",")}
        balancers = sorted(group.get("LoadBalancerNames", []))
        targets = sorted(group.get("TargetGroupARNs", []))
        own = {each["InstanceId"] for each in group.get("Instances", [])}
        unhealthy = {
            *[each for name in balancers for each in await _out_of_service(reader, name)],
            *[each for arn in targets for each in await _unhealthy_targets(reader, arn)],
        }
        about = {
            "balancers": [*balancers, *targets],
            "unhealthy": sorted(own & unhealthy),
            "services": sorted(key for key, _ in _tags(group) if key.startswith(_SERVICES)),
        }
        return LiveState({self.part: sorted(checks - {_INSTANCE, ""})}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the group's tags, from the answer that proves that it is there."""
        return (Tagged(resource.id, _tags(await _group(reader, resource))),)

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the same checks and the load balancer's."""
        del values, situation
        return sorted({*present, _BALANCER})

    def check(self, state: LiveState) -> None:
        """Refuse groups that nothing balances, that a service makes, or whose instances would be replaced."""
        about = state.about
        if not about["balancers"]:
            raise Refused(Reason.NOT_SUPPORTED, "The group is behind no load balancer")
        if about["services"]:
            raise Refused(Reason.MANAGED_BY_AWS, f"Another service makes it (tag {about['services'][0]})")
        if about["unhealthy"]:
            raise Refused(
                Reason.IN_USE,
                f"Its load balancer finds {', '.join(about['unhealthy'])} unhealthy, and they would be"
                " replaced: put the check or the instances right first",
            )

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the checks."""
        request = {"AutoScalingGroupName": _name(resource), "HealthCheckType": ",".join(value) or _INSTANCE}
        await writer.write("autoscaling", "UpdateAutoScalingGroup", request)


def _name(resource: ResourceKey) -> str:
    """Return the name, which may have slashes and colons."""
    _, named, name = name_after(resource, "autoScalingGroup:").partition(_NAMED)
    if not named or not name:
        raise Refused(Reason.NOT_SUPPORTED, f"{resource.id} is not the ARN of an Auto Scaling group")
    return name


async def _group(reader: Reader, resource: ResourceKey) -> dict[str, Any]:
    name = _name(resource)
    request = {"AutoScalingGroupNames": [name]}
    body = await reader.read("autoscaling", "DescribeAutoScalingGroups", request)
    group = the_one(body, "AutoScalingGroups", "AutoScalingGroupName", name)
    if group.get("AutoScalingGroupARN") != resource.id:
        raise Refused(Reason.RESOURCE_GONE, f"It is gone: another group is called {name} now")
    return group


def _tags(group: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    if "Tags" not in group:
        raise Refused(Reason.UNREADABLE, "Auto Scaling did not answer with the group's tags")
    return pairs(group["Tags"])


async def _out_of_service(reader: Reader, balancer: str) -> list[str]:
    """Return the instances that a classic load balancer finds unhealthy."""
    request = {"LoadBalancerName": balancer}
    states = await read_list(
        reader, "elb", "DescribeInstanceHealth", request, member="InstanceStates", gone=()
    )
    return [each["InstanceId"] for each in states if each["State"] == "OutOfService"]


async def _unhealthy_targets(reader: Reader, target_group: str) -> list[str]:
    """Return the targets of a target group that are unhealthy."""
    request, member = {"TargetGroupArn": target_group}, "TargetHealthDescriptions"
    targets = await read_list(reader, "elbv2", "DescribeTargetHealth", request, member=member, gone=())
    return [each["Target"]["Id"] for each in targets if each["TargetHealth"]["State"].startswith("unhealthy")]


ACTION = UseLoadBalancerHealthChecks()
