"""RDS.11: instances with automated backups that are kept for as long as the control asks."""

from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Refused, Situation, State, Verdict
from posture.remediation.actions.minimum import Minimum
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.rds.flags import OwnInstanceFlag


class InstanceBackupRetention(Minimum, OwnInstanceFlag):
    """From 0 days on, and back to 0, the change waits for the maintenance window (ModifyDBInstance)."""

    name = "rds-instance-raise-backup-retention"
    controls = frozenset({"RDS.11"})
    risk = (
        "Backups are paid for by their size. Where there were none, writes stop for seconds when they begin,"
        " in the next maintenance window."
    )
    undo_says = (
        "The period is as before, and backups that are older than it are deleted: all of them where it was 0."
    )
    part = "BackupRetentionPeriod"
    control_parameter = "backupRetentionMinimum"
    default = 7
    allowed = range(7, 36)
    summary = "Raise the days for which automated backups of the instance are kept"

    def state_of(self, described: dict[str, Any]) -> State:
        """Return the period that is, or that is to be once the maintenance window has been."""
        state = super().state_of(described)
        pending = described.get("PendingModifiedValues", {}).get(self.part)
        parts = state.parts if pending is None else {self.part: pending}
        replica_of = described.get("ReadReplicaSourceDBInstanceIdentifier") or described.get(
            "ReadReplicaSourceDBClusterIdentifier"
        )
        return State(parts, {**state.about, "waits": pending is not None, "replicaOf": replica_of})

    def judge(self, state: State, values: Values, situation: Situation) -> Verdict:
        """Compare the period with what the control asks; one that waits for its window is waited for."""
        if state.about["waits"]:
            raise Refused(
                Reason.PENDING,
                f"{state.parts[self.part]} days are set, and wait for the maintenance window",
            )
        return super().judge(state, values, situation)

    def check(self, state: State) -> None:
        """Refuse replicas, which the control does not check."""
        if state.about["replicaOf"]:
            raise Refused(Reason.NOT_SUPPORTED, f"It is a replica of {state.about['replicaOf']}")
        super().check(state)


ACTION = InstanceBackupRetention()
