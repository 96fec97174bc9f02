"""When a failed rule fails no longer: all that it fails for is suppressed in Security Hub.

Config counts a resource whatever is suppressed, so this is decided here: a rule of an account and Region is
lifted when every resource of it that does not comply has an ACTIVE, SUPPRESSED finding of AWS Config for that
very rule. Such findings are sent when compliance changes, and not refreshed: their age says nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from posture.domain.arns import Product, product_parts
from posture.domain.findings import Finding, RecordState, Workflow
from posture.domain.results.rows import Place, RuleKey

_ARN_FIELDS = 6
_ACCOUNT = "AWS::::Account"


class NamedResource(NamedTuple):
    """A resource by its type and id: as Config names it, or as a finding does."""

    type: str
    id: str


Suppressed = Mapping[RuleKey, tuple[NamedResource, ...]]
"""By rule, the resources of its suppressed findings."""


def suppressed_of(findings: Iterable[Finding]) -> Suppressed:
    """Return what is suppressed, by rule: its findings are titled with its whole name.

    Provenance is the ProductArn of AWS Config (`arn:<p>:securityhub:<region>::product/aws/config`): any
    account can import findings that call themselves Config's.
    """
    found: dict[RuleKey, list[NamedResource]] = defaultdict(list)
    for each in findings:
        if (
            each.record_state is RecordState.ACTIVE
            and each.workflow is Workflow.SUPPRESSED
            and is_configs(each.product_arn, each.region)
        ):
            key = RuleKey(each.title, Place(each.account_id, each.region))
            # The first resource is what the finding is about.
            found[key] += [NamedResource(*resource[:2]) for resource in each.resources[:1]]
    return {key: tuple(resources) for key, resources in found.items()}


def is_configs(product_arn: str, region: str) -> bool:
    """Whether a finding comes from AWS Config itself."""
    return product_parts(product_arn) == Product(region, "", "aws", "config")


def may_be_lifted(failed: Mapping[RuleKey, int | None], suppressed: Suppressed) -> list[RuleKey]:
    """Return the failed rules with enough suppressed findings, of which it is to be read what fails.

    `failed`: for how many resources at least; None where that is not known.
    """
    return sorted(
        key
        for key, failing in failed.items()
        if key in suppressed and len(suppressed[key]) >= max(failing or 0, 1)
    )


def is_lifted(failing: Collection[NamedResource], suppressed: Collection[NamedResource]) -> bool:
    """Whether each resource that a rule fails for is suppressed; not where none is named."""
    return bool(failing) and all(any(_same(each, other) for other in suppressed) for each in failing)


def _same(config: NamedResource, finding: NamedResource) -> bool:
    """Whether Config's resource is that of a finding, which names it by its ARN where Config knows that."""
    if finding.type not in {"", "Other"} and _folded(config.type) != _folded(finding.type):
        return False
    if finding.id in {config.id, f"{_ACCOUNT}:{config.id}"}:
        return True
    fields = finding.id.split(":", _ARN_FIELDS - 1)
    if fields[0] != "arn" or len(fields) < _ARN_FIELDS:
        return False
    named = fields[-1]
    return named == config.id or named.endswith((f"/{config.id}", f":{config.id}"))


def _folded(type_: str) -> str:
    """Return a type without what tells `AWS::S3::Bucket` from `AwsS3Bucket`."""
    return type_.replace(":", "").casefold()
