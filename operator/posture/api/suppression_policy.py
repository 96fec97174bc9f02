"""SuppressionPolicy: an exception that is documented and ends."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field, StrictBool

from posture.api.model import Observed, Spec
from posture.api.resource import AGE, Column, CustomResource, ImmutableTargetRef, Status, condition_column
from posture.api.selector import Exceptions, Selectors
from posture.api.shapes import WHITE_SPACE, CelRule, Shape, exactly_one, fixed_choice
from posture.api.types import (
    AccountGlob,
    AccountId,
    ControlId,
    Kept,
    Line,
    Paragraph,
    Past,
    PositiveDuration,
    Region,
    RoleName,
    ShortText,
    Standard,
    Time,
    bounded,
    such_as,
)
from posture.domain.grants import Mode

EXPIRED: Final = "Expired"
REVIEW_DUE: Final = "ReviewDue"
DRIFTED: Final = "Drifted"

MAX_FAILURES = 20
_KINDS = ("suppressFindings", "disableControls")

Justification = Annotated[
    str,
    Shape(
        "",
        "write why this is acceptable, in 20 to 250 characters",
        250,
        least=20,
        also="self.trim().size() >= 20",
        check=lambda text: len(text.strip(WHITE_SPACE)) >= 20,  # noqa: PLR2004 -- the bound beside it
    ),
]
# No white space of ASCII.
_SEEN = r"[^\t\n\x0b\f\r ]"
Approver = Annotated[
    str, Shape(rf"{_SEEN}(?:.*{_SEEN})?", "write who approved this, such as security@example.com", 100)
]


class DeletionPolicy(StrEnum):
    """What happens to suppressed findings when their policy is deleted."""

    REOPEN = "Reopen"
    RETAIN = "Retain"


class Review(Spec):
    """How often people look at this exception again."""

    interval: PositiveDuration = Field(description="How long a review holds.")
    reviewed_at: Time | None = Field(
        None, description="When it was last reviewed. None: when the policy was created."
    )


class SuppressFindings(Spec):
    """Suppresses the findings that any entry of `match` selects and no entry of `exceptions` does."""

    match: Selectors = Field(description="Selectors; any of them selects.")
    exceptions: Exceptions = Field((), description="Selectors of findings that stay open.")
    max_findings: int = Field(
        1000, ge=1, le=1_000_000, description="With more matches than that, nothing new is suppressed."
    )


class DisableControls(Spec):
    """Turns controls off, per account and Region."""

    standards: Annotated[tuple[Standard, ...], bounded(20, least=1, unique=True)] = Field(
        description="Standards in which the controls are turned off, or `*`: all of AWS that are enabled."
    )
    controls: Annotated[tuple[ControlId, ...], bounded(100, least=1, unique=True)] = Field(
        description="Security control ids such as `S3.11`, exactly."
    )
    accounts: Annotated[tuple[AccountGlob, ...], bounded(200, least=1, unique=True)] = Field(
        description="Account ids or globs, among the accounts of the target."
    )
    regions: Annotated[tuple[Region, ...], bounded(50, least=1, unique=True)] = Field(
        description="Regions, exactly."
    )
    role_name: RoleName = Field(
        "posture-controls", description="Role that is assumed in each account; it must be granted."
    )


class SuppressionPolicySpec(Spec):
    """What is excepted, why, who says so, and until when."""

    rules: ClassVar[tuple[CelRule, ...]] = (exactly_one(*_KINDS), fixed_choice(*_KINDS))

    target_ref: ImmutableTargetRef = Field(description="The target whose findings are meant. Immutable.")
    suspend: StrictBool = Field(
        default=False, description="Freezes: nothing is suppressed or reopened, but for expiry and deletion."
    )
    mode: Mode = Field(
        Mode.ENFORCE, description="`DryRun`: the same freeze, and status shows what would change."
    )
    justification: Justification = Field(description="Why this is acceptable, in 20 to 250 characters.")
    approved_by: Approver = Field(description="Who approved it.")
    expires_at: Time = Field(description="When it ends.")
    reference: ShortText | None = Field(None, description="A ticket or a document.")
    owner: ShortText | None = Field(None, description="Who looks after it.")
    review: Review | None = Field(None, description="How often people look at it again.")
    suppress_findings: SuppressFindings | None = Field(
        None, description="Suppresses findings. Exactly one of this and `disableControls`."
    )
    disable_controls: DisableControls | None = Field(
        None, description="Turns controls off. Exactly one of this and `suppressFindings`."
    )
    deletion_policy: DeletionPolicy = Field(
        DeletionPolicy.REOPEN, description="Whether deletion reopens what was suppressed, or leaves it."
    )


class SuppressionFailure(Observed):
    """A finding or control that AWS refused to change."""

    id: Paragraph = Field(
        description="Id of the finding; of a control: standard, control, account and Region."
    )
    reason: Line = Field(description="AWS's error code.")
    message: Paragraph = Field("", description="AWS's message.")


class DisabledControl(Observed):
    """What a control's status was when the policy turned it off: unsuppressed scores go on counting it."""

    standard: Line = Field(description="The standard.")
    # Calls go where a status says that a control may be off: what cannot be an account or a Region is none.
    control: Annotated[Line, such_as(ControlId)] = Field(description="The control.")
    region: Annotated[Line, such_as(Region)] = Field(description="The Region.")
    status: Line = Field(description="`Passed`, `Failed`, `Unknown` or `NoData`.")
    accounts: Annotated[tuple[Annotated[Line, such_as(AccountId)], ...], Kept(1000)] = Field(
        (), description="The accounts."
    )


class Effect(Observed):
    """What the policy does to the target's score."""

    score: float | None = Field(None, description="Percent with the policy.")
    score_without: float | None = Field(None, description="Percent without it.")


class SuppressionPolicyStatus(Status):
    """What the policy does."""

    matched: int | None = Field(None, description="Findings, or controls, that it selects.")
    suppressed: int | None = Field(None, description="Those of them that it suppressed, or turned off.")
    pending: int | None = Field(None, description="Writes that AWS has not shown yet.")
    failed: int | None = Field(None, description="Writes that AWS refused.")
    drift: int | None = Field(None, description="Suppressions that somebody undid, and that were made again.")
    would_suppress: int | None = Field(None, description="What it would suppress, were it not frozen.")
    would_reopen: int | None = Field(None, description="What it would reopen, were it not frozen.")
    effect: Effect | None = Field(None, description="The target's score with and without the policy.")
    last_matched_time: Past | None = Field(None, description="When it last selected anything.")
    review_due_time: Time | None = Field(None, description="When the next review is due.")
    failures: Annotated[tuple[SuppressionFailure, ...], Kept(MAX_FAILURES, keys=("id",))] = Field(
        (), description="Some of what AWS refused; `failed` has the total."
    )
    disabled_controls: Annotated[
        tuple[DisabledControl, ...], Kept(1000, keys=("standard", "control", "region", "status"))
    ] = Field((), description="The status that controls had when they were turned off.")


class SuppressionPolicy(CustomResource):
    """An exception: findings that are suppressed, or controls that are turned off, until a stated end."""

    plural: ClassVar[str] = "suppressionpolicies"
    short_name: ClassVar[str] = "spol"
    columns: ClassVar[tuple[Column, ...]] = (
        Column(name="Target", path=".spec.targetRef.name", type="string", description="The target."),
        Column(name="Matched", path=".status.matched", description="What it selects."),
        Column(name="Suppressed", path=".status.suppressed", description="What it suppressed."),
        # Not of type date: kubectl shows times to come as <invalid>.
        Column(name="Expires", path=".spec.expiresAt", type="string", description="When it ends."),
        Column(
            name="Review", path=".status.reviewDueTime", type="string", description="When a review is due."
        ),
        condition_column("Ready", "Ready", "Whether it is in effect."),
        AGE,
    )

    spec: SuppressionPolicySpec = Field(description="What is excepted, why, who says so, and until when.")
    status: SuppressionPolicyStatus = Field(SuppressionPolicyStatus(), description="What the policy does.")
