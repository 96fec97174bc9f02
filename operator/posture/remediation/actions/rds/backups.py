"""RDS.11 and RDS.50: automated backups that are kept for as long as the control asks."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import LiveState, Refused, Situation, Verdict
from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.rds.flags import DatabaseFlag

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
