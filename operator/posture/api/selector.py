"""A selector of findings: an AND of lists, each list an OR."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from posture.api.model import Spec
from posture.api.shapes import CelRule, at_least_one
from posture.api.types import (
    AccountGlob,
    Glob,
    LongGlob,
    RegionGlob,
    SeverityLabel,
    TagKey,
    TagValue,
    bounded,
)
from posture.domain.selection import selectors

_LISTS = (
    "controls",
    "standards",
    "accounts",
    "workloads",
    "environments",
    "regions",
    "resourceTypes",
    "resourceIds",
    "severities",
    "products",
    "titles",
    "tags",
)
_Globs = Annotated[tuple[Glob, ...], bounded(100, least=1, unique=True)]


class Selector(Spec):
    """Selects the findings that fit every list that is written; a list is fitted by any of its values.

    Values are globs over the whole string (`*`, `?`), case-sensitive but for control ids. `resourceTypes`,
    `resourceIds` and `tags` must fit one same resource of the finding.
    """

    rules: ClassVar[tuple[CelRule, ...]] = (at_least_one(*_LISTS),)

    controls: _Globs | None = Field(None, description="Control ids such as `S3.11` or `EC2.*`, in any case.")
    standards: _Globs | None = Field(
        None, description="Standards such as `cis-aws-foundations-benchmark/v/*`."
    )
    accounts: Annotated[tuple[AccountGlob, ...], bounded(200, least=1, unique=True)] | None = Field(
        None, description="Account ids, in quotes."
    )
    workloads: _Globs | None = Field(None, description="Workloads, as the target groups its accounts.")
    environments: _Globs | None = Field(None, description="Environments, as the target groups its accounts.")
    regions: Annotated[tuple[RegionGlob, ...], bounded(50, least=1, unique=True)] | None = Field(
        None, description="Regions in which the findings originate."
    )
    resource_types: _Globs | None = Field(None, description="ASFF resource types such as `AwsS3Bucket`.")
    resource_ids: Annotated[tuple[LongGlob, ...], bounded(200, least=1, unique=True)] | None = Field(
        None, description="Resource ids, mostly ARNs."
    )
    severities: Annotated[tuple[SeverityLabel, ...], bounded(5, least=1, unique=True)] | None = Field(
        None, description="ASFF severity labels."
    )
    products: _Globs | None = Field(
        None, description="Products such as `Security Hub` (`Security Hub CSPM` is the same) or `GuardDuty`."
    )
    titles: Annotated[tuple[LongGlob, ...], bounded(50, least=1, unique=True)] | None = Field(
        None, description="Titles of findings."
    )
    tags: (
        Annotated[
            Mapping[TagKey, Annotated[tuple[TagValue, ...], bounded(50, least=1, unique=True)]],
            Field(min_length=1, max_length=20),
        ]
        | None
    ) = Field(
        None,
        description="Tags of the resource, each key with the values that fit it; all keys must fit. "
        "They are what the finding says, which may be old.",
    )

    def plain(self) -> selectors.Selector:
        """Give the selector as the rules take it."""
        lists = {
            name: tuple(getattr(self, name) or ()) for name in selectors.Selector._fields if name != "tags"
        }
        tags = tuple((key, tuple(values)) for key, values in (self.tags or {}).items())
        return selectors.Selector(**lists, tags=tags)


Selectors = Annotated[tuple[Selector, ...], bounded(50, least=1)]
Exceptions = Annotated[tuple[Selector, ...], bounded(50)]
