"""Who can tell of a resource that a document is run on: for each type a builtin action."""

from posture.domain.remediation.resources import ACCOUNT
from posture.remediation.actions.registry import builtin_actions
from posture.remediation.witnesses import witness_of, witnessed, witnesses

GROUP, BUCKET = "AwsEc2SecurityGroup", "AwsS3Bucket"


def test_an_action_about_the_same_control_judges_and_another_one_only_reads() -> None:
    judging = witness_of(GROUP, frozenset({"EC2.13", "EC2.999"}))
    assert judging is not None
    assert (judging.action.name, judging.judges) == ("ec2-security-group-revoke-public-ingress", True)
    reading = witness_of(GROUP, frozenset({"S3.8"}))
    assert reading is not None
    assert GROUP in reading.action.works_on.types
    assert not reading.judges
    of_default = witness_of(GROUP, frozenset({"EC2.2"}))
    assert of_default is not None
    assert of_default.action.name == "ec2-default-security-group-revoke-rules"


def test_nobody_tells_of_other_types_nor_of_an_account_as_a_whole() -> None:
    assert witness_of("AwsOther", frozenset({"EC2.13"})) is None
    assert witness_of(ACCOUNT, frozenset({"S3.1"})) is None
    assert ACCOUNT not in witnessed().types
    assert not witnessed().whole_account


def test_every_type_but_the_account_has_a_witness() -> None:
    types = {of_type for action in builtin_actions().values() for of_type in action.works_on.types}
    assert witnessed().types == types - {ACCOUNT}
    assert {GROUP, BUCKET} <= types
    for of_type in witnessed().types:
        witness = witness_of(of_type, frozenset())
        assert witness is not None
        assert witness.action in witnesses()
