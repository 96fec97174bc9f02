"""Which accounts belong to a target, and how they are grouped into workloads and environments."""

from typing import Annotated

from pydantic import AfterValidator, Field

from posture.api.model import Spec
from posture.api.patterns import compile_pattern
from posture.api.shapes import Shape
from posture.api.types import (
    AccountGlob,
    AccountId,
    RoleArn,
    TagKey,
    Word,
    bounded,
)

_PATTERN_SAYS = (
    "write a regular expression (RE2: no look-around, no back-references) with the groups "
    "(?P<workload>…) and (?P<environment>…)"
)


def _two_groups(pattern: str) -> str:
    """Refuse what does not compile, or what lacks one of the two groups."""
    try:
        groups = compile_pattern(pattern).groupindex
    except ValueError as error:
        raise ValueError(f"{_PATTERN_SAYS}: {error}") from None
    if not {"workload", "environment"} <= groups.keys():
        raise ValueError(_PATTERN_SAYS)
    return pattern


AccountNamePattern = Annotated[
    str,
    Shape(
        "",
        _PATTERN_SAYS,
        256,
        # The last term compiles the pattern: RE2 raises for what it does not know.
        also="self.contains('(?P<workload>') && self.contains('(?P<environment>') && ''.matches(self + '|')",
    ),
    AfterValidator(_two_groups),
]
# An empty label is none at all to Prometheus.
WorkloadName = Annotated[str, Shape("", "write the name of a workload, up to 128 characters", 128)]


class TargetAccounts(Spec):
    """Which of the granted accounts belong to the target."""

    include: Annotated[tuple[AccountGlob, ...], bounded(500, least=1, unique=True)] = Field(
        ("*",), description="Account ids or globs that belong to the target."
    )
    exclude: Annotated[tuple[AccountGlob, ...], bounded(500, unique=True)] = Field(
        (), description="Account ids or globs that do not, even if included."
    )


class AccountOverride(Spec):
    """Workload and environment of one account, whatever its name."""

    account_id: AccountId = Field(description="The account.")
    workload: WorkloadName = Field(description="Its workload.")
    environment: Word | None = Field(None, description="Its environment. None: `defaultEnvironment`.")


class OrganizationTags(Spec):
    """What AWS Organizations says of accounts: tags, names, and which of them are closed or suspended.

    A key that is left out is not read. Workload and environment are told each by itself, by its tag and else
    by the account's name; while the tags of an account with findings are not known, no workload has a score.
    """

    workload_key: TagKey | None = Field(None, description="Tag of an account whose value is its workload.")
    environment_key: TagKey | None = Field(
        None, description="Tag of an account whose value is its environment."
    )
    owner_key: TagKey | None = Field(
        None,
        description="Tag of an account whose value is its owner: the label `owner` of"
        " `posture_account_info`.",
    )
    role_arn: RoleArn | None = Field(
        None,
        description="Role in the organization's management account, or in one that administers a service for"
        " it. None: the identity of `spec.aws`.",
    )


class Grouping(Spec):
    """How accounts are grouped into workloads and environments."""

    account_name_pattern: AccountNamePattern | None = Field(
        None,
        description="Regular expression (RE2) over account names, with the groups `workload` and "
        "`environment`. An account that does not match is its own workload.",
    )
    default_environment: Word = Field("", description="Environment of accounts that do not match.")
    organization_tags: OrganizationTags | None = Field(
        None,
        description="Tags of accounts in AWS Organizations, which tell before the pattern does. None: the"
        " organization is not read.",
    )
    overrides: Annotated[tuple[AccountOverride, ...], bounded(500, keys=("accountId",))] = Field(
        (), description="Accounts whose group neither tags nor the pattern tell: these come first."
    )
