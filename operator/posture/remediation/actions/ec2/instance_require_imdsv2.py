"""EC2.8: instances whose metadata is given to those alone who ask with a token (IMDSv2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey, WorksOn
from posture.domain.time import DAY, instant_of, microseconds, parse_timestamp, rfc3339
from posture.remediation.actions.contract import (
    Iam,
    Json,
    LiveState,
    Reader,
    Refused,
    Situation,
    Tagged,
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.ec2.described import tags_of
from posture.remediation.actions.parameters import Parameter, Values, choice
from posture.remediation.actions.setting import Setting, read_or_gone

_PREFIX = "instance/"
_TOKENS, _OPTIONS = "HttpTokens", "MetadataOptions"
_GONE = frozenset({"InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"})
# An instance is described for an hour after its end.
_GOING = frozenset({"shutting-down", "terminated"})
_RUNNING = "running"
# An action has no clock: all weeks are asked for, and `judge` knows which of them are of late. CloudWatch
# gives 1,440 values at most (GetMetricStatistics), which this is less than.
_WEEK = timedelta(days=7)
_FIRST, _LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
_LATELY = 14 * DAY


class RequireImdsV2(Setting):
    """One option is sent; the endpoint, the hop limit and the others stay as they are.

    An instance whose metadata was read without a token of late is left alone (EC2 user guide, "Transition to
    using Instance Metadata Service Version 2": metric MetadataNoToken). One that is stopped has no such
    metric: what it does when it is started is not known.
    """

    name = "ec2-instance-require-imdsv2"
    controls = frozenset({"EC2.8"})
    works_on = WorksOn(frozenset({"AwsEc2Instance"}))
    parameters = (
        Parameter(
            "withoutTokens",
            "What becomes of an instance whose metadata was read without a token within the last two or"
            " three weeks: `Skip` or `Require`.",
            "Skip",
            choice("Skip", "Require"),
        ),
    )
    iam = Iam(
        read=("cloudwatch:GetMetricStatistics", "ec2:DescribeInstances"),
        write=("ec2:ModifyInstanceMetadataOptions",),
        undo=("ec2:ModifyInstanceMetadataOptions",),
    )
    risk = "Software on the instance that reads metadata without a token gets no credentials any more."
    undo_says = "The setting is as before."
    part = _TOKENS
    right = "required"
    summary = "Require IMDSv2 of the instance"

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the option, whether there is an endpoint, and the weeks with reads without a token."""
        instance = await self._described(reader, resource)
        options = instance.get(_OPTIONS, {})
        if _TOKENS not in options:
            raise Refused(Reason.UNREADABLE, f"EC2 did not say {_TOKENS} of the instance")
        if options.get("State") == "pending" and instance["State"]["Name"] == _RUNNING:
            # What is in force is not said; a stopped instance applies its options when it is started.
            raise Refused(Reason.PENDING, "The instance's metadata options are being changed")
        about = {
            "endpoint": options.get("HttpEndpoint", "enabled"),
            "weeksWithoutTokens": await self._weeks(reader, resource),
        }
        return LiveState({self.part: options[_TOKENS]}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the instance's tags."""
        return (Tagged(resource.id, tags_of(await self._described(reader, resource))),)

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Compare the option with what the control wants; refuse where reads without a token are known."""
        verdict = super().judge(state, values, situation)
        oldest = situation.now - _LATELY - microseconds(_WEEK)
        weeks = [week for week in state.about["weeksWithoutTokens"] if parse_timestamp(week) > oldest]
        if verdict.wrong and weeks and values["withoutTokens"] == "Skip":
            raise Refused(
                Reason.IN_USE,
                f"In the week of {max(weeks)} metadata was read without a token: bring the software on the"
                " instance up to date, or set withoutTokens to Require",
            )
        return verdict

    def check(self, state: LiveState) -> None:
        """Refuse an instance without an endpoint: it takes no such option."""
        if state.about["endpoint"] == "disabled":
            raise Refused(Reason.NOT_SUPPORTED, "The instance gives no metadata at all: its endpoint is off")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the option."""
        request = {"InstanceId": name_after(resource, _PREFIX), _TOKENS: value}
        await writer.write("ec2", "ModifyInstanceMetadataOptions", request)

    async def _described(self, reader: Reader, resource: ResourceKey) -> dict[str, Any]:
        wanted = name_after(resource, _PREFIX)
        request = {"InstanceIds": [wanted]}
        body = await read_or_gone(reader, "ec2", "DescribeInstances", request, gone=_GONE)
        found = [(each, one) for each in body.get("Reservations", []) for one in each.get("Instances", [])]
        if [instance.get("InstanceId") for _, instance in found] != [wanted]:
            raise Refused(Reason.UNREADABLE, f"EC2 did not answer with {wanted}")
        reservation, instance = found[0]
        if reservation.get("OwnerId") != resource.account_id:
            raise Refused(Reason.NOT_OWNER, f"{wanted} is of account {reservation.get('OwnerId')}")
        if instance["State"]["Name"] in _GOING:
            raise Refused(Reason.RESOURCE_GONE, f"The instance is {instance['State']['Name']}")
        return dict(instance)

    async def _weeks(self, reader: Reader, resource: ResourceKey) -> list[str]:
        request = {
            "Namespace": "AWS/EC2",
            "MetricName": "MetadataNoToken",
            "Dimensions": [{"Name": "InstanceId", "Value": name_after(resource, _PREFIX)}],
            "StartTime": _FIRST,
            "EndTime": _LAST,
            "Period": int(_WEEK.total_seconds()),
            "Statistics": ["Sum"],
        }
        body = await reader.read("cloudwatch", "GetMetricStatistics", request)
        if "Datapoints" not in body:
            raise Refused(Reason.UNREADABLE, "CloudWatch did not answer with the values of MetadataNoToken")
        return sorted(
            rfc3339(instant_of(each["Timestamp"])) for each in body["Datapoints"] if each["Sum"] > 0
        )


ACTION = RequireImdsV2()
