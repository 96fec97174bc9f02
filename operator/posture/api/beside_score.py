"""What a PostureTarget's status tells beside its score: what insights count, and what it all costs."""

from typing import Annotated

from pydantic import Field

from posture.api.model import Observed
from posture.api.types import Kept, Line, Paragraph, Past

MAX_INSIGHTS = 20
MAX_VALUES = 10
MAX_COSTS = 50


class InsightValue(Observed):
    """A value that an insight groups findings by."""

    value: Paragraph = Field(description="The value, such as a resource or an account.")
    findings: int = Field(description="Findings that have it.")


class InsightCounts(Observed):
    """What an insight of Security Hub counts. Without `values` nothing current is known, or may be told."""

    insight: Paragraph = Field(description="The insight, as written in `spec`.")
    name: Line | None = Field(None, description="Its name.")
    values: int | None = Field(
        None, description="Values that findings have; Security Hub gives at most 100 of them."
    )
    at_least: bool | None = Field(
        None,
        description="True where as many came as may come: there may be more values, and more findings.",
    )
    findings: int | None = Field(
        None, description="Findings over these values; one with several values counts for each."
    )
    top: Annotated[tuple[InsightValue, ...], Kept(MAX_VALUES, keys=("value",))] = Field(
        (), description="The values with the most findings, these first."
    )
    read_time: Past | None = Field(None, description="When it was read.")
    reason: Line | None = Field(None, description="Why nothing, or nothing new, is told; absent otherwise.")


class StandardCost(Observed):
    """What turning one standard off would save."""

    standard: Line = Field(description="The standard, as its findings name it.")
    saved: float = Field(
        description="Dollars a month: of checks that no other standard of the account and Region needs."
    )


class EstimatedCost(Observed):
    """What Security Hub CSPM costs in a month for the accounts of the target, in dollars: an estimate."""

    checks: float | None = Field(None, description="For security checks.")
    ingestion: float | None = Field(
        None, description="For findings of the other products of `spec.products`; absent without any."
    )
    standards: Annotated[tuple[StandardCost, ...], Kept(MAX_COSTS, keys=("standard",))] = Field(
        (), description="What turning one standard off would save, the most first."
    )
    message: Paragraph | None = Field(None, description="Why nothing is estimated; absent otherwise.")
