"""ARNs of every partition: read, built, granted, accepted by the API."""

import botocore.session
import pytest

from posture.api.posture_target import PostureTarget
from posture.api.resource import parse
from posture.domain.arns import account_of, partition_of, partition_of_region, region_of, role_arn
from posture.domain.grants import Grant, IdentityGrant, Verb, may_use_identity
from tests.support.partitions import PARTITIONS

ACCOUNT = "111122223333"


@pytest.mark.parametrize("partition", PARTITIONS)
def test_what_is_built_is_read_granted_and_accepted(partition: str) -> None:
    arn = role_arn(partition, ACCOUNT, "posture-reader")
    assert arn == f"arn:{partition}:iam::{ACCOUNT}:role/posture-reader"
    assert (partition_of(arn), region_of(arn), account_of(arn)) == (partition, "", ACCOUNT)
    grant = Grant(
        namespaces=("security",),
        role_arns=(f"arn:{partition}:iam::*:role/posture-*",),
        accounts=("*",),
        verbs=frozenset({Verb.SCORE}),
    )
    assert isinstance(may_use_identity([grant], "security", arn), IdentityGrant)
    target = parse(
        PostureTarget,
        {
            "metadata": {"name": "a", "namespace": "security", "uid": "u", "generation": 1},
            "spec": {
                "aws": {"region": PARTITIONS[partition], "roleArn": arn},
                "source": {"securityStandards": {"standards": ["*"]}},
            },
        },
    )
    assert target.spec.aws.role_arn == arn


@pytest.mark.parametrize(
    "text", [None, "", "role/x", "arn:aws", "urn:aws:iam::111122223333:role/x", "AWS::::Account:1"]
)
def test_what_is_no_arn_has_no_parts(text: str | None) -> None:
    assert (partition_of(text), region_of(text), account_of(text)) == ("", "", "")


@pytest.mark.parametrize(("partition", "region"), PARTITIONS.items())
def test_a_region_is_in_the_partition_that_botocore_says(partition: str, region: str) -> None:
    assert partition_of_region(region) == botocore.session.get_session().get_partition_for_region(region)
    assert partition_of_region(region) == partition
