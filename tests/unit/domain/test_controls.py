import pytest

from posture.domain.findings import Check, CheckSource
from posture.domain.standards import ControlAssociation, Controls, Standard, product_of

FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS = "cis-aws-foundations-benchmark/v/1.4.0"
OLD_CIS = "cis-aws-foundations-benchmark/v/1.2.0"


def standard(name: str, **numbers: tuple[str, ...]) -> Standard:
    """Keywords are control ids with `_` for the dot."""
    associations = [
        ControlAssociation(key.replace("_", "."), enabled=True, numbers=each) for key, each in numbers.items()
    ]
    return Standard(name, f"arn:aws:securityhub:::{name}", {each.id.upper(): each for each in associations})


CONTROLS = Controls(
    {
        FSBP: standard(FSBP, CloudTrail_4=("CloudTrail.4",), ELB_1=("ELBv2.1",)),
        CIS: standard(CIS, CloudTrail_4=("3.2",), CloudWatch_1=("1.7", "4.3"), IAM_9=("1.7",)),
    }
)


def own(control: str, *standards: str, numbered: bool = False) -> Check:
    return Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control=control,
        numbered=numbered,
        standards=standards,
    )


def test_a_consolidated_finding_belongs_to_all_its_standards() -> None:
    assert CONTROLS.pairs_of(own("CLOUDTRAIL.4", CIS, FSBP)) == (
        (FSBP, "CLOUDTRAIL.4"),
        (CIS, "CLOUDTRAIL.4"),
    )


@pytest.mark.parametrize(
    ("name", "number", "control"),
    [
        (CIS, "3.2", "CLOUDTRAIL.4"),
        (CIS, "4.3", "CLOUDWATCH.1"),
        (CIS, "1.7", "CLOUDWATCH.1"),  # of several, the first by id
        (FSBP, "ELBV2.1", "ELB.1"),
        (FSBP, "CLOUDTRAIL.4", "CLOUDTRAIL.4"),
        (FSBP, "3.2", "3.2"),  # the other standard's number
        (CIS, "9.9", "9.9"),
        (OLD_CIS, "2.2", "2.2"),  # a standard that the hub does not have
    ],
)
def test_a_classic_finding_belongs_to_the_control_of_its_number(name: str, number: str, control: str) -> None:
    assert CONTROLS.pairs_of(own(number, name, numbered=True)) == ((name, control),)


def test_a_security_control_is_no_number() -> None:
    assert CONTROLS.pairs_of(own("ELBV2.1", FSBP)) == ((FSBP, "ELBV2.1"),)


@pytest.mark.parametrize(
    "check",
    [
        Check("Default", source=None, control="CLOUDTRAIL.4", numbered=False, standards=(FSBP,)),
        Check("Security Hub", source=None, control="CLOUDTRAIL.4", numbered=False, standards=(FSBP,)),
        own("", FSBP),
        own("CLOUDTRAIL.4"),
    ],
)
def test_what_is_not_security_hubs_own_or_names_nothing_belongs_to_nothing(check: Check) -> None:
    assert CONTROLS.pairs_of(check) == ()


def test_bare_numbers_differ_by_standard_and_controls_do_not() -> None:
    assert CONTROLS.identity(CIS, "1.10") != CONTROLS.identity(OLD_CIS, "1.10")
    assert CONTROLS.identity(CIS, "CLOUDTRAIL.4") == CONTROLS.identity(OLD_CIS, "CLOUDTRAIL.4")
    assert CONTROLS.identity(CIS, "FOO.7") == CONTROLS.identity(FSBP, "FOO.7")


def test_ids_are_spelled_as_aws_does_where_it_is_known() -> None:
    assert CONTROLS.spelled("CLOUDTRAIL.4") == "CloudTrail.4"
    assert CONTROLS.spelled("FOO.7") == "FOO.7"


def test_a_product_cannot_call_itself_security_hub() -> None:
    assert product_of(own("S3.1", FSBP)) == "Security Hub"
    assert (
        product_of(Check("GuardDuty", source=None, control="", numbered=False, standards=())) == "GuardDuty"
    )
    assert product_of(Check("Security Hub", source=None, control="", numbered=False, standards=())) is None
