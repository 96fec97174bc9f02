"""What a SuppressionPolicy says of itself."""

from posture.api.reasons.meaning import (
    AWS,
    DEFECT,
    INVALID,
    NOT_GRANTED,
    STORE,
    TWO_RELEASES,
    WITHOUT_TARGET,
    ConditionTold,
    EventTold,
    KindTold,
    Meaning,
)
from posture.domain.remediation.reasons import Reason

POLICY = KindTold(
    "SuppressionPolicy",
    (
        ConditionTold(
            "Ready",
            "what it excepts is excepted, everywhere, and nothing else",
            true={
                "InEffect": Meaning("All is as declared."),
                "DryRun": Meaning(
                    "`spec.mode` is DryRun: nothing is written, and status shows what would be."
                ),
                "MatchesNothing": Meaning(
                    "It has matched nothing for a week.", "Correct what it selects, or delete it."
                ),
            },
            false={
                **INVALID,
                **WITHOUT_TARGET,
                **NOT_GRANTED,
                **DEFECT,
                **AWS,
                **STORE,
                "Syncing": Meaning("The findings of its target are not known exactly yet.", "Wait."),
                "Writing": Meaning("Writes are still to be made, at the pace of the quota.", "Wait."),
                "Deleting": Meaning(
                    "It was deleted, and what it did is being undone.", "Wait an hour at most."
                ),
                "Expired": Meaning(
                    "Its end has passed, and what it did is undone, or being undone.",
                    "Delete it, or set a later `spec.expiresAt` once that is approved.",
                ),
                "ExpiresTooLate": Meaning(
                    "Its end is further away than `maxSuppressionAge` allows.", "Write an earlier time."
                ),
                Reason.NOT_SUPPORTED: Meaning(
                    "`disableControls` has no meaning for a target that is scored by AWS Config.",
                    "Use `suppressFindings`, or a target with `securityStandards`.",
                ),
                "Moving": Meaning(
                    "Its target looks elsewhere now; what it did where it looked before is undone first.",
                    "Wait.",
                ),
                "LeftBehind": Meaning(
                    "What it did where its target looked before cannot be undone.",
                    "Restore that role or Region, or take its entry out of the message's annotation.",
                ),
                "GivenUp": Meaning(
                    "The same, seen from where its target looked before.", "As for `LeftBehind`."
                ),
                "TargetIncomplete": Meaning(
                    "Security Hub lacks a standard of the target, or does not list its standards.",
                    "See the target's conditions; nothing is suppressed or reopened until then.",
                ),
                "TooManyMatches": Meaning(
                    "It matches more than `maxFindings`, or more controls than status can remember.",
                    "Narrow it, raise `maxFindings`, or spread it over several policies.",
                ),
                "NoRoomForMark": Meaning(
                    "Findings have too many user-defined fields for the operator's mark.",
                    "Remove some of those fields.",
                ),
                "WritesFrozen": Meaning(
                    "The operator's configuration says `writes: Frozen`.", "Set `Enabled` when that is over."
                ),
                "WritesRefused": Meaning(
                    "Security Hub refused some writes. They are tried again.",
                    "If it stays: see `status.failures`.",
                ),
                "AccountsNotGranted": Meaning(
                    "It selects accounts in which this namespace may not do that.",
                    "Narrow it, or have the accounts granted.",
                ),
                "CentralConfiguration": Meaning(
                    "A configuration policy of the organization decides about these controls.",
                    "Turn them off there, or have the accounts managed by themselves.",
                ),
                "OwnerUnknown": Meaning(
                    "It is not known by what name to mark what is suppressed.",
                    "Set `ownerId`, or allow the ServiceAccount to get the namespace kube-system.",
                ),
            },
            unknown={
                "Suspended": Meaning(
                    "`spec.suspend` is true: nothing is written, but for expiry and deletion."
                ),
                "TargetSuspended": Meaning("Its target is suspended: nothing is written."),
            },
            told="False",
        ),
        ConditionTold(
            "Expired",
            "its end has passed",
            true={"Expired": Meaning("It ended at `spec.expiresAt`.", "Delete it, or have it renewed.")},
            false={"Active": Meaning("It ends at `spec.expiresAt`.")},
            told="True",
        ),
        ConditionTold(
            "ReviewDue",
            "a review is due by `spec.review`",
            true={"ReviewDue": Meaning("It is due.", "Do it, and set `spec.review.reviewedAt`.")},
            false={
                "Reviewed": Meaning("The next one is due at the time of the message."),
                "NoReview": Meaning("`spec.review` is empty: none is asked for."),
            },
            told="True",
        ),
        ConditionTold(
            "Drifted",
            "somebody undid what it did, within the last day",
            true={
                "SuppressionsUndone": Meaning(
                    "They are made again, less and less often.",
                    "Look for people, automation rules or other tools that change them.",
                )
            },
            false={"AsDeclared": Meaning("Nobody did.")},
            unknown={"Syncing": Meaning("It is not known yet.")},
            told="True",
        ),
    ),
    {
        **TWO_RELEASES,
        "CleanupAbandoned": EventTold(
            "Warning",
            Meaning("It goes although something that it did remains.", "Undo by hand what the note names."),
        ),
        "MoveHindered": EventTold(
            "Warning",
            Meaning(
                "What it did where its target looked before cannot be undone now. It is tried again.",
                "Remove the obstacle that the note names.",
            ),
        ),
    },
)
