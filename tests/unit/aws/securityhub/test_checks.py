import pytest

from posture.aws.securityhub.asff import AssociatedStandard, ProductFields
from posture.aws.securityhub.checks import check_of, is_own
from posture.domain.arns import product_parts, standard_name
from posture.domain.findings import Check, CheckSource

OWN = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
FSBP = "aws-foundational-security-best-practices/v/1.0.0"
CIS_1_2 = "cis-aws-foundations-benchmark/v/1.2.0"
CIS_1_4 = "cis-aws-foundations-benchmark/v/1.4.0"


def check(
    generator_id: str = "",
    *,
    control: str = "",
    associated: tuple[str, ...] = (),
    fields: ProductFields | None = None,
    product_arn: str = OWN,
    region: str = "eu-west-1",
    name: str = "Security Hub",
) -> Check:
    standards = tuple(AssociatedStandard(standards_id=standard) for standard in associated)
    return check_of(product_arn, region, name, generator_id, control, standards, fields or ProductFields())


def own(control: str, *standards: str, numbered: bool = False) -> Check:
    return Check(
        "Security Hub",
        source=CheckSource.SECURITY_HUB,
        control=control,
        numbered=numbered,
        standards=standards,
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            check("security-control/Config.1", control="Config.1", associated=(f"standards/{FSBP}",)),
            own("CONFIG.1", FSBP),
            id="consolidated",
        ),
        pytest.param(
            check("security-control/iam.9", associated=(f"standards/{FSBP}", f"ruleset/{CIS_1_2}")),
            own("IAM.9", FSBP, CIS_1_2),
            id="consolidated, by its generator alone, oddly cased, in two standards",
        ),
        pytest.param(
            check(
                "security-control/S3.1",
                control="S3.1",
                associated=(f"ruleset/{CIS_1_2}", f"standards/{FSBP}"),
            ),
            own("S3.1", FSBP, CIS_1_2),
            id="standards are sorted",
        ),
        pytest.param(check(f"{FSBP}/Config.1"), own("CONFIG.1", FSBP, numbered=True), id="classic FSBP"),
        pytest.param(
            check("pci-dss/v/3.2.1/PCI.EC2.2"),
            own("PCI.EC2.2", "pci-dss/v/3.2.1", numbered=True),
            id="classic PCI",
        ),
        pytest.param(check(f"{CIS_1_4}/1.10"), own("1.10", CIS_1_4, numbered=True), id="classic CIS 1.4"),
        pytest.param(
            check(f"arn:aws:securityhub:::ruleset/{CIS_1_2}/rule/4.3"),
            own("4.3", CIS_1_2, numbered=True),
            id="classic CIS 1.2",
        ),
        pytest.param(
            check(f"{CIS_1_4}/1.10", control="IAM.6", associated=(f"standards/{CIS_1_4}",)),
            own("IAM.6", CIS_1_4),
            id="classic that names its security control",
        ),
        pytest.param(
            check(f"{CIS_1_4}/1.10", control="IAM.6"),
            own("IAM.6", CIS_1_4),
            id="classic that names its security control but no standards",
        ),
        pytest.param(
            check(
                "?",
                fields=ProductFields(
                    standards_arn=f"arn:aws:securityhub:::standards/{FSBP}", control_id="S3.4"
                ),
            ),
            own("S3.4", FSBP, numbered=True),
            id="by StandardsArn and ControlId",
        ),
        pytest.param(
            check(
                "?",
                fields=ProductFields(
                    standards_guide_arn=f"arn:aws:securityhub:::ruleset/{CIS_1_2}", rule_id="2.9"
                ),
            ),
            own("2.9", CIS_1_2, numbered=True),
            id="by StandardsGuideArn and RuleId",
        ),
        pytest.param(
            check(
                f"{CIS_1_4}/1.10", control="IAM.6", associated=(f"standards/{FSBP}", f"standards/{CIS_1_4}")
            ),
            own("IAM.6", CIS_1_4),
            id="classic that is associated with more than its own standard",
        ),
        pytest.param(
            check("security-control/S3.1", associated=tuple(f"standards/{name}" for name in "gcaefbd")),
            own("S3.1", *"abcdefg"),
            id="in many standards",
        ),
        pytest.param(
            check(
                "?",
                associated=(f"standards/{FSBP}",),
                fields=ProductFields(standards_arn="standards/pci-dss/v/3.2.1", control_id="PCI.S3.1"),
            ),
            own("", FSBP),
            id="fields of another standard than those associated",
        ),
        pytest.param(
            check(
                "?",
                associated=(f"standards/{FSBP}",),
                fields=ProductFields(standards_arn=f"standards/{FSBP}", control_id="S3.1"),
            ),
            own("S3.1", FSBP, numbered=True),
            id="fields of the standard that is associated",
        ),
        pytest.param(check("something/else"), own(""), id="names no control"),
        pytest.param(
            check(
                f"{FSBP}/S3.1",
                product_arn="arn:aws-cn:securityhub:cn-north-1::product/aws/securityhub",
                region="cn-north-1",
            ),
            own("S3.1", FSBP, numbered=True),
            id="another partition",
        ),
        pytest.param(
            check(f"{FSBP}/S3.1", name="Security Hub CSPM"),
            own("S3.1", FSBP, numbered=True),
            id="its newer name",
        ),
    ],
)
def test_own_findings_name_their_control(found: Check, expected: Check) -> None:
    assert found == expected


@pytest.mark.parametrize(
    ("product_arn", "name", "in_fields", "product"),
    [
        ("arn:aws:securityhub:eu-west-1::product/aws/guardduty", "GuardDuty", None, "GuardDuty"),
        ("arn:aws:securityhub:eu-west-1::product/aws/guardduty", "", "GuardDuty", "GuardDuty"),
        ("arn:aws:securityhub:eu-west-1::product/aws/inspector", "", None, "inspector"),
        # Forgeries: an account's default product, another vendor, an account in the ARN, another Region.
        (
            "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
            "Security Hub",
            None,
            "default",
        ),
        (
            "arn:aws:securityhub:eu-west-1:111122223333:product/aws/securityhub",
            " security hub ",
            None,
            "securityhub",
        ),
        ("arn:aws:securityhub:eu-west-1::product/evil/securityhub", "", "Security Hub", "securityhub"),
        ("arn:aws:securityhub:us-east-1::product/aws/securityhub", "Security Hub CSPM", None, "securityhub"),
        ("arn:aws:securityhub:eu-west-1::product/aws/securityhubx", "x", None, "x"),
    ],
)
def test_nothing_else_can_name_a_control(
    product_arn: str, name: str, in_fields: str | None, product: str
) -> None:
    found = check(
        f"{FSBP}/S3.1",
        control="S3.1",
        associated=(f"standards/{FSBP}",),
        fields=ProductFields(product_name=in_fields),
        product_arn=product_arn,
        name=name,
    )
    assert found == Check(product, source=None, control="", numbered=False, standards=())


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "x",
        "arn:aws:securityhub:eu-west-1::hub/default",
        f"{OWN}/more",
        "arn:aws:s3:::product/a/b",
        f"{OWN}\n",
    ],
)
def test_what_is_no_products_arn_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="ProductArn"):
        is_own(arn, "eu-west-1")
    with pytest.raises(ValueError, match="ProductArn"):
        product_parts(arn)


@pytest.mark.parametrize(
    ("standard", "name"),
    [
        (f"arn:aws:securityhub:eu-west-1::standards/{FSBP}", FSBP),
        (f"arn:aws:securityhub:::ruleset/{CIS_1_2}", CIS_1_2),
        (f"ruleset/{CIS_1_2}", CIS_1_2),
        ("standards/pci-dss/v/3.2.1", "pci-dss/v/3.2.1"),
        (FSBP, FSBP),
        ("standards/one-of-tomorrow", "one-of-tomorrow"),
    ],
)
def test_spells_a_standard_as_a_target_does(standard: str, name: str) -> None:
    assert standard_name(standard) == name
