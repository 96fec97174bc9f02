"""What a finding is a check of: its product, and its control where Security Hub itself says so.

Anyone in a member account may import a finding with any GeneratorId, and a custom integration with any
ProductName; only Security Hub writes under its own ProductArn. Provenance is that ARN and nothing else.
"""

import re
from functools import lru_cache

from posture.aws.securityhub.asff import AssociatedStandard, ProductFields
from posture.domain.arns import Product, product_parts, rule_of, standard_name
from posture.domain.findings import SECURITY_HUB, Check, CheckSource, sounds_own

_STANDARD_RULE = re.compile(r"([^:]+/v/[^/]+)/([^/]+)")
_CONSOLIDATED = re.compile(r"security-control/([^/]+)", re.IGNORECASE)

# An organization has some thousand distinct combinations; importers can make up more, which then come and go.
_REMEMBERED = 16_384


def check_of(
    product_arn: str,
    region: str,
    product_name: str,
    generator_id: str,
    security_control_id: str,
    associated: tuple[AssociatedStandard, ...],
    fields: ProductFields,
) -> Check:
    """Derive the check of a finding; raise ValueError where ProductArn is no product's ARN.

    Own are findings under `arn:<partition>:securityhub:<region>::product/aws/securityhub` whose Region is the
    ARN's. Their control is `Compliance.SecurityControlId`, else the GeneratorId's (consolidated
    `security-control/IAM.9`; FSBP, PCI, CIS 1.4 `<standard>/v/<version>/<number>`; CIS 1.2
    `arn:aws:securityhub:::ruleset/<standard>/v/<version>/rule/<number>`), else ProductFields' `ControlId` or
    `RuleId`. Their standards are that of a classic GeneratorId, else `Compliance.AssociatedStandards`, else
    ProductFields' `StandardsArn` or `StandardsGuideArn` (user guide, "Consolidated control findings").
    """
    if is_own(product_arn, region):
        return _own_check(generator_id, security_control_id, associated, fields)
    return _other_check(product_arn, product_name, fields.product_name or "")


@lru_cache(_REMEMBERED)
def is_own(product_arn: str, region: str) -> bool:
    """Tell whether a finding comes from Security Hub itself; ValueError where the ARN is no product's."""
    return product_parts(product_arn) == Product(region, "", "aws", "securityhub")


@lru_cache(_REMEMBERED)
def _own_check(
    generator_id: str,
    security_control_id: str,
    associated: tuple[AssociatedStandard, ...],
    fields: ProductFields,
) -> Check:
    classic = _numbered_rule(generator_id)
    standard, number = classic or _rule_in_fields(fields) or ("", "")
    standards = {standard_name(entry.standards_id) for entry in associated if entry.standards_id}
    if classic or not standards:
        # Classic findings are one for each standard, whatever else is said to be associated.
        standards = {standard} - {""}
    consolidated = _CONSOLIDATED.fullmatch(generator_id)
    control = security_control_id or (consolidated[1] if consolidated else "")
    numbered = not control and standards == {standard}
    return Check(
        SECURITY_HUB,
        source=CheckSource.SECURITY_HUB,
        control=(number if numbered else control).upper(),
        numbered=numbered,
        standards=tuple(sorted(standards)),
    )


@lru_cache(_REMEMBERED)
def _other_check(product_arn: str, product_name: str, name_in_fields: str) -> Check:
    """Name another product: ProductName, else ProductFields' name, else what the ARN ends in.

    One that merely calls itself Security Hub goes by its ARN.
    """
    names = (name.strip() for name in (product_name, name_in_fields))
    chosen = next((name for name in names if name and not sounds_own(name)), "")
    product = chosen or product_parts(product_arn).name
    return Check(product, source=None, control="", numbered=False, standards=())


def _numbered_rule(generator_id: str) -> tuple[str, str] | None:
    if rule := rule_of(generator_id):
        return rule
    match = _STANDARD_RULE.fullmatch(generator_id)
    return (match[1], match[2]) if match else None


def _rule_in_fields(fields: ProductFields) -> tuple[str, str] | None:
    if fields.standards_arn and fields.control_id:
        return standard_name(fields.standards_arn), fields.control_id
    if fields.standards_guide_arn and fields.rule_id:
        return standard_name(fields.standards_guide_arn), fields.rule_id
    return None
