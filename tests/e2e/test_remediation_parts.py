"""One finding behind which are several things: each is written, journalled and put back by itself."""

from typing import Any

from sandbox.cloud import Cloud
from tests.support.e2e.remedied import (
    accounts,
    client,
    found,
    quiet,
    remediations,
    state,
    states,
    tag_account,
)
from tests.support.e2e.rules import allow, rule, totals
from tests.support.e2e.stage import Stage

CONTROL = "EC2.1"
PRIVATE = "ec2-snapshots-make-private"


class Snapshots:
    """Snapshots of an account in the Region of its finding, of which all but the last are public."""

    def __init__(self, cloud: Cloud, account: str, number: int) -> None:
        tag_account(cloud, account)
        self.id = f"AWS::::Account:{account}"
        made = found(cloud, self.id, CONTROL, account=account, Type="AwsAccount")
        self.ec2 = client(cloud, account, "ec2", made["Region"])
        volume = self.ec2.create_volume(AvailabilityZone=f"{made['Region']}a", Size=1)["VolumeId"]
        self.all = [self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for _ in range(number)]
        for each in self.all[:-1]:
            self.ec2.modify_snapshot_attribute(
                SnapshotId=each,
                Attribute="createVolumePermission",
                OperationType="add",
                GroupNames=["all"],
            )

    @property
    def public(self) -> list[str]:
        listed: Any = self.ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])
        return sorted(each["SnapshotId"] for each in listed["Snapshots"])


def test_each_public_snapshot_is_a_write_of_its_own_and_one_tag_spares_them_all(
    stage: Stage, cloud: Cloud
) -> None:
    quiet(cloud, CONTROL)
    first, other = accounts(cloud, CONTROL)[:2]
    snapshots, spared = Snapshots(cloud, first, 4), Snapshots(cloud, other, 3)
    public, kept = snapshots.public, spared.public
    spared.ec2.create_tags(Resources=kept[1:], Tags=[{"Key": "allowpublicaccess", "Value": "TRUE"}])
    allow(stage, max_mode="Enforce")
    stage.target()
    opt_out = {"tags": [{"key": "AllowPublicAccess", "values": ["true"]}]}
    rule(stage, "snapshots", PRIVATE, [CONTROL], mode="Enforce", optOut=opt_out)
    operator = stage.operator()
    operator.wait(lambda: states(stage) == {snapshots.id: "Succeeded"}, "the remediation", seconds=60)
    assert snapshots.public == []
    operator.wait(lambda: totals(stage, "snapshots").get("OptedOut") == 1, "the plan to say so")
    assert spared.public == kept

    (entry,) = remediations(stage)
    assert [each["name"] for each in entry["spec"]["writes"]] == public
    assert [each["before"] for each in entry["status"]["before"]["writes"]] == ["public"] * 3

    stage.kubectl("patch", "rem", entry["metadata"]["name"], "--type=merge", "-p", '{"spec":{"undo":true}}')
    operator.wait(lambda: state(remediations(stage)[0]) == "Undone", "the undo")
    assert snapshots.public == public
