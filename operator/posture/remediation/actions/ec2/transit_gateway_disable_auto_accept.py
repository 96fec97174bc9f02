"""EC2.23: transit gateways that nobody attaches a VPC to unless it is accepted."""

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Tagged,
    Writer,
    name_after,
)
from posture.remediation.actions.ec2.described import TRANSIT_GATEWAY, describe_own, tags_of
from posture.remediation.actions.setting import Setting

_OPTION = "AutoAcceptSharedAttachments"
_GOING = frozenset({"deleting", "deleted"})


class DisableAutoAccept(Setting):
    """Options that are not sent stay as they are (EC2 API, ModifyTransitGateway)."""

    name = "ec2-transit-gateway-disable-auto-accept"
    controls = frozenset({"EC2.23"})
    works_on = WorksOn(frozenset({"AwsEc2TransitGateway"}))
    iam = Iam(
        read=("ec2:DescribeTransitGateways",),
        write=("ec2:ModifyTransitGateway",),
        undo=("ec2:ModifyTransitGateway",),
    )
    risk = "Attachments that are there stay; those that other accounts ask for wait until somebody accepts."
    undo_says = "The setting is as before; requests that wait meanwhile are still to be accepted."
    part = _OPTION
    right = "disable"
    summary = "Accept no attachments of other accounts automatically"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the option, and whether the gateway can be changed now."""
        gateway = await describe_own(reader, resource, TRANSIT_GATEWAY)
        if gateway.get("State") in _GOING:
            raise Refused(Reason.RESOURCE_GONE, f"The transit gateway is {gateway['State']}")
        if _OPTION not in gateway.get("Options", {}):
            raise Refused(Reason.UNREADABLE, f"EC2 did not say {_OPTION} of the transit gateway")
        return LiveState({self.part: gateway["Options"][_OPTION]}, {"state": gateway.get("State")})

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the gateway's tags."""
        return (Tagged(resource.id, tags_of(await describe_own(reader, resource, TRANSIT_GATEWAY))),)

    def check(self, state: LiveState) -> None:
        """Wait while the gateway is being changed."""
        if state.about["state"] != "available":
            raise Refused(Reason.PENDING, f"The transit gateway is {state.about['state']}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the option."""
        request = {
            "TransitGatewayId": name_after(resource, TRANSIT_GATEWAY.prefix),
            "Options": {_OPTION: value},
        }
        await writer.write("ec2", "ModifyTransitGateway", request)


ACTION = DisableAutoAccept()
