"""ARNs of every partition: read, built, granted, accepted by the API."""

import botocore.session
import pytest

from posture.api.resource import parse
from posture.api.targets.kind import PostureTarget
from posture.domain.arns import (
    account_of,
    account_of_root,
    identity_of_caller,
    is_kms_key,
    is_kms_key_arn,
    is_managed_alias,
    partition_of,
    partition_of_region,
    region_of,
    role_arn,
)
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


KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_key_is_named_by_its_id_its_alias_or_the_arn_of_either(partition: str) -> None:
    arn = f"arn:{partition}:kms:{PARTITIONS[partition]}:{ACCOUNT}"
    for text in (KEY, f"mrk-{KEY}", "alias/team/shop", f"{arn}:key/{KEY}", f"{arn}:alias/shop"):
        assert is_kms_key(text)
        assert is_kms_key_arn(text) == (":key/" in text)
        assert not is_managed_alias(text)
    for text in ("alias/aws/sns", f"{arn}:alias/aws/sns"):
        assert is_kms_key(text)
        assert is_managed_alias(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alias/",
        "a key",
        f"key/{KEY}",
        f"arn:aws:kms:eu-west-1:{ACCOUNT}:{KEY}",
        f"arn:aws:kms:eu-west-1::key/{KEY}",
        f"arn:aws:s3:eu-west-1:{ACCOUNT}:key/{KEY}",
        f"{KEY}\n",
    ],
)
def test_what_names_no_key(text: str) -> None:
    assert not is_kms_key(text)
    assert not is_kms_key_arn(text)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_an_account_is_read_out_of_its_root_user_alone(partition: str) -> None:
    assert account_of_root(f"arn:{partition}:iam::{ACCOUNT}:root") == ACCOUNT
    for other in (
        ACCOUNT,
        f"arn:{partition}:iam::{ACCOUNT}:user/root",
        f"arn:{partition}:iam::{ACCOUNT}:root/a",
    ):
        assert not account_of_root(other)


@pytest.mark.parametrize("partition", PARTITIONS)
def test_a_session_is_its_role_and_anybody_else_is_as_is(partition: str) -> None:
    session = f"arn:{partition}:sts::111122223333:assumed-role/posture-operator/a.b@c"
    assert identity_of_caller(session) == role_arn(partition, "111122223333", "posture-operator")
    for other in (
        f"arn:{partition}:iam::111122223333:user/x/y",
        f"arn:{partition}:sts::111122223333:federated-user/x",
    ):
        assert identity_of_caller(other) == other
