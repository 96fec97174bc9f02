"""Databases of RDS: what describes them, and flags of instances and clusters.

Neptune's and DocumentDB's are under the same API. `ApplyImmediately` is never sent: it would apply others'
pending changes too (RDS API, ModifyDBInstance).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

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
    Verdict,
    Writer,
    name_after,
)
from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import Setting, pairs, read_or_gone, the_one

_CUSTOM = "custom-"
# Whoever is changing it is not interrupted: RDS refuses then (InvalidDBInstanceState).
_AVAILABLE = "available"


class DatabaseFlag(Setting):
    """A flag of whatever `kind` is: `DBInstance` or `DBCluster`."""

    kind: ClassVar[str]
    prefix: ClassVar[str]
    sent_as: ClassVar[str] = ""
    """What the modifying call names the flag, where not as the describing one."""

    async def read(self, reader: Reader, resource: ResourceKey) -> LiveState:
        """Return the flag, and what decides whether it may be changed."""
        return self.state_of(await describe_database(reader, resource, self.kind, self.prefix))

    def state_of(self, described: dict[str, Any]) -> LiveState:
        """Return the same out of what describes the database."""
        if self.part not in described:
            raise Refused(Reason.NOT_SUPPORTED, f"RDS does not say {self.part} of a {described['Engine']}")
        about = {
            "engine": described["Engine"],
            "status": described.get("DBInstanceStatus") or described.get("Status"),
            "cluster": described.get("DBClusterIdentifier") if self.kind == "DBInstance" else None,
        }
        return LiveState({self.part: described[self.part]}, about)

    async def tags(self, reader: Reader, resource: ResourceKey) -> tuple[Tagged, ...]:
        """Return the tags, from the answer that proves that it is there."""
        described = await describe_database(reader, resource, self.kind, self.prefix)
        return (database_tags(resource, described),)

    def check(self, state: LiveState) -> None:
        """Refuse what RDS cannot change, and wait while it is being changed."""
        if state.about["engine"].startswith(_CUSTOM):
            raise Refused(Reason.NOT_SUPPORTED, "RDS Custom is not changed")
        if state.about["status"] != _AVAILABLE:
            raise Refused(Reason.PENDING, f"It is {state.about['status']}, not {_AVAILABLE}")

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the flag."""
        await self.modify(writer, resource, {self.sent_as or self.part: value})

    async def modify(self, writer: Writer, resource: ResourceKey, members: Mapping[str, Json]) -> None:
        """Set members by one call. It wants the name: an ARN is for reading."""
        request = identifier_of(resource, self.kind, self.prefix)
        await writer.write("rds", f"Modify{self.kind}", {**request, **members})


class InstanceFlag(DatabaseFlag):
    """A flag of an instance."""

    works_on = WorksOn(frozenset({"AwsRdsDbInstance"}))
    iam = Iam(("rds:DescribeDBInstances",), ("rds:ModifyDBInstance",), ("rds:ModifyDBInstance",))
    kind = "DBInstance"
    prefix = "db:"


class OwnInstanceFlag(InstanceFlag):
    """A flag that an instance of a cluster has from its cluster."""

    def check(self, state: LiveState) -> None:
        """Refuse instances of clusters too."""
        if state.about["cluster"]:
            raise Refused(Reason.NOT_SUPPORTED, f"The cluster {state.about['cluster']} decides this")
        super().check(state)


class ClusterFlag(DatabaseFlag):
    """A flag of a cluster."""

    works_on = WorksOn(frozenset({"AwsRdsDbCluster"}))
    iam = Iam(("rds:DescribeDBClusters",), ("rds:ModifyDBCluster",), ("rds:ModifyDBCluster",))
    kind = "DBCluster"
    prefix = "cluster:"


def identifier_of(resource: ResourceKey, kind: str, prefix: str) -> dict[str, str]:
    """Return what calls name it by. `kind`: as in `DescribeDBInstances`; `prefix`: of its ARN's last part."""
    return {f"{kind}Identifier": name_after(resource, prefix)}


async def read_about(
    reader: Reader, operation: str, resource: ResourceKey, kind: str, prefix: str
) -> dict[str, Any]:
    """Return what an operation says of it; Refused where it is gone."""
    gone = {f"{kind}NotFound", f"{kind}NotFoundFault"}
    return await read_or_gone(reader, "rds", operation, identifier_of(resource, kind, prefix), gone=gone)


async def describe_database(reader: Reader, resource: ResourceKey, kind: str, prefix: str) -> dict[str, Any]:
    """Return its description."""
    body = await read_about(reader, f"Describe{kind}s", resource, kind, prefix)
    return the_one(body, f"{kind}s", f"{kind}Arn", resource.id)


def database_tags(resource: ResourceKey, described: Mapping[str, Any]) -> Tagged:
    """Return the tags, from the answer that proves that it is there."""
    if "TagList" not in described:
        raise Refused(Reason.UNREADABLE, "RDS did not answer with the tags")
    return Tagged(resource.id, pairs(described["TagList"]))


_REPLICA_OF = (
    "ReadReplicaSourceDBInstanceIdentifier",
    "ReadReplicaSourceDBClusterIdentifier",
    "ReplicationSourceIdentifier",
)


class BackupRetention(Minimum, DatabaseFlag):
    """From 0 days on, and back to 0, the change waits for the maintenance window (ModifyDBInstance)."""

    part = "BackupRetentionPeriod"
    default = 7
    allowed = range(7, 36)

    def state_of(self, described: dict[str, Any]) -> LiveState:
        """Return the period that is, or that is to be once the maintenance window has been."""
        state = super().state_of(described)
        pending = described.get("PendingModifiedValues", {}).get(self.part)
        parts = state.parts if pending is None else {self.part: pending}
        replica_of = next((described[each] for each in _REPLICA_OF if described.get(each)), None)
        return LiveState(parts, {**state.about, "waits": pending is not None, "replicaOf": replica_of})

    def judge(self, state: LiveState, values: Values, situation: Situation) -> Verdict:
        """Compare the period with what the control asks; one that waits for its window is waited for."""
        if state.about["waits"]:
            raise Refused(
                Reason.PENDING,
                f"{state.parts[self.part]} days are set, and wait for the maintenance window",
            )
        return super().judge(state, values, situation)

    def check(self, state: LiveState) -> None:
        """Refuse replicas, whose backups are their source's."""
        if state.about["replicaOf"]:
            raise Refused(Reason.NOT_SUPPORTED, f"It is a replica of {state.about['replicaOf']}")
        super().check(state)
