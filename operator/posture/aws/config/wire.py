"""Answers of AWS Config, decoded straight into small structs. A page is all or nothing.

A row that lacks what makes it one (its name, account, Region or compliance), or has it in another type, makes
the body none: a row that is left out would read as a rule without a result. Members that nobody reads are
skipped unread; null is absent, as it is in JSON 1.1. Shapes: Config API reference, of each operation.
"""

from typing import Annotated

from msgspec import Meta, Struct, field, json

from posture.aws.client.responses import Decoders

AccountId = Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
Name = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0)]

COMPLIANT = "COMPLIANT"
NON_COMPLIANT = "NON_COMPLIANT"
NOT_APPLICABLE = "NOT_APPLICABLE"
INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class ContributorCount(Struct, frozen=True, gc=False, rename="pascal"):
    """How many resources made a rule what it is; `cap_exceeded`: more than `capped_count`."""

    capped_count: Count = 0
    cap_exceeded: bool = False


class RuleEntry(Struct, frozen=True, gc=False, rename="pascal"):
    """`Compliance` of a rule: one of the four above, or what AWS has added since."""

    compliance_type: Name
    compliance_contributor_count: ContributorCount | None = None


class RuleRow(Struct, frozen=True, gc=False, rename="pascal"):
    """A rule that has results in an account and Region. Rules without any have no row."""

    config_rule_name: Name
    compliance: RuleEntry
    account_id: AccountId
    aws_region: Name


class PackEntry(Struct, frozen=True, gc=False, rename="pascal"):
    """`Compliance` of a pack. `total_rule_count` has rules with INSUFFICIENT_DATA, as neither other has."""

    compliance_type: Name
    compliant_rule_count: Count
    non_compliant_rule_count: Count
    total_rule_count: Count


class PackRow(Struct, frozen=True, gc=False, rename="pascal"):
    """A pack in an account and Region: one that exists, or one that was deleted."""

    conformance_pack_name: Name
    compliance: PackEntry
    account_id: AccountId
    aws_region: Name


class SourceStatus(Struct, frozen=True, gc=False, rename="pascal"):
    """How the last update of a source of an aggregator went.

    `source_id`: an account, or for `source_type` ORGANIZATION what stands for all of it.
    `last_update_status`: SUCCEEDED, FAILED or OUTDATED. `last_update_time`: seconds since the epoch.
    """

    source_id: Name
    source_type: Name
    last_update_status: Name
    aws_region: str | None = None
    last_update_time: float | None = None
    last_error_code: str | None = None
    last_error_message: str | None = None


class AccountSource(Struct, frozen=True, gc=False, rename="pascal"):
    """Accounts that an aggregator collects from one by one."""

    account_ids: tuple[AccountId, ...]
    all_aws_regions: bool | None = None
    aws_regions: tuple[str, ...] | None = None


class OrganizationSource(Struct, frozen=True, gc=False, rename="pascal"):
    """An organization that an aggregator collects from."""

    role_arn: str
    all_aws_regions: bool | None = None
    aws_regions: tuple[str, ...] | None = None


class Aggregator(Struct, frozen=True, gc=False, rename="pascal"):
    """An aggregator of the caller's account and Region."""

    name: Name = field(name="ConfigurationAggregatorName")
    arn: Name = field(name="ConfigurationAggregatorArn")
    account_aggregation_sources: tuple[AccountSource, ...] | None = None
    organization_aggregation_source: OrganizationSource | None = None


class _Qualifier(Struct, frozen=True, gc=False, rename="pascal"):
    config_rule_name: Name
    resource_type: Name
    resource_id: Name


class _Identifier(Struct, frozen=True, gc=False, rename="pascal"):
    evaluation_result_qualifier: _Qualifier


class EvaluationRow(Struct, frozen=True, gc=False, rename="pascal"):
    """What one rule says of one resource. `result_recorded_time`: seconds since the epoch."""

    evaluation_result_identifier: _Identifier
    compliance_type: Name
    account_id: AccountId
    aws_region: Name
    result_recorded_time: float | None = None
    annotation: str | None = None

    @property
    def config_rule_name(self) -> str:
        """The rule's whole name in its account."""
        return self.evaluation_result_identifier.evaluation_result_qualifier.config_rule_name

    @property
    def resource_type(self) -> str:
        """As Config names it: `AWS::S3::Bucket`."""
        return self.evaluation_result_identifier.evaluation_result_qualifier.resource_type

    @property
    def resource_id(self) -> str:
        """As Config names it: an id, a name, or an ARN, by type."""
        return self.evaluation_result_identifier.evaluation_result_qualifier.resource_id


class _RulePage(Struct, frozen=True, rename="pascal"):
    rows: list[RuleRow] = field(name="AggregateComplianceByConfigRules")
    next_token: str | None = None


class _PackPage(Struct, frozen=True, rename="pascal"):
    rows: list[PackRow] = field(name="AggregateComplianceByConformancePacks")
    next_token: str | None = None


class _StatusPage(Struct, frozen=True, rename="pascal"):
    rows: list[SourceStatus] = field(name="AggregatedSourceStatusList")
    next_token: str | None = None


class _AggregatorPage(Struct, frozen=True, rename="pascal"):
    rows: list[Aggregator] = field(name="ConfigurationAggregators")
    next_token: str | None = None


class _EvaluationPage(Struct, frozen=True, rename="pascal"):
    rows: list[EvaluationRow] = field(name="AggregateEvaluationResults")
    next_token: str | None = None


_PAGES: dict[str, type[Struct]] = {
    "DescribeAggregateComplianceByConfigRules": _RulePage,
    "DescribeAggregateComplianceByConformancePacks": _PackPage,
    "DescribeConfigurationAggregatorSourcesStatus": _StatusPage,
    "DescribeConfigurationAggregators": _AggregatorPage,
    "GetAggregateComplianceDetailsByConfigRule": _EvaluationPage,
}
SERVICE = "config"
DECODERS: Decoders = {(SERVICE, operation): json.Decoder(page).decode for operation, page in _PAGES.items()}
"""Of every operation here: a page with `rows` and `next_token`; ValueError (msgspec's) where it is none."""
