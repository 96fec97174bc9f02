"""RDS.6: instances whose operating system is monitored."""

from typing import Any

from posture.domain.arns import role_arn
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import Iam, LiveState, Situation, SubWrite, Verdict, Writer
from posture.remediation.actions.parameters import Parameter, Values, choice, role_name
from posture.remediation.actions.rds.databases import InstanceFlag

_ROLE = "MonitoringRoleArn"
# Seconds between two measures (RDS API, ModifyDBInstance).
_INTERVALS = ("1", "5", "10", "15", "30", "60")


class InstanceEnhancedMonitoring(InstanceFlag):
    """Any interval is right. The role is of the account of the instance, and RDS must be let assume it."""

    name = "rds-instance-enable-enhanced-monitoring"
    controls = frozenset({"RDS.6"})
    parameters = (
        Parameter(
            "role",
            "The name of a role in the instance's account that monitoring.rds.amazonaws.com may assume.",
            None,
            role_name,
            required=True,
        ),
        Parameter("interval", "Seconds between two measures.", "60", choice(*_INTERVALS)),
    )
    iam = Iam(
        read=("rds:DescribeDBInstances",),
        write=("iam:PassRole", "rds:ModifyDBInstance"),
        undo=("rds:ModifyDBInstance",),
    )
    risk = "Nothing is cut off; the measures are paid for as logs of CloudWatch."
    undo_says = "Monitoring is off as before; what was measured meanwhile stays."
    part = "MonitoringInterval"
    summary = "Monitor the operating system of the instance"

    def state_of(self, described: dict[str, Any]) -> LiveState:
        """Return the interval too where RDS leaves it out: it is 0 then."""
        return super().state_of({self.part: 0, **described})

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Find that nothing is measured."""
        del situation
        present = state.parts[self.part]
        if present:
            return Verdict()
        self.check(state)
        wanted, role = int(values["interval"]), values["role"]
        summary = f"{self.summary} every {wanted} s, by the role {role}"
        return Verdict((SubWrite(self.part, summary, present, wanted, role),))

    async def write(self, writer: Writer, resource: ResourceKey, sub: SubWrite) -> None:
        """Set the interval and the role."""
        role = role_arn(resource.partition, resource.account_id, sub.handle)
        await self.modify(writer, resource, {self.part: sub.after, _ROLE: role})


ACTION = InstanceEnhancedMonitoring()
