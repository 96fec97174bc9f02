"""What a RemediationRule and a Remediation say of themselves."""

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
    Meanings,
)
from posture.domain.remediation.journal import State
from posture.domain.remediation.reasons import Reason

_ENDED: Meanings = {
    State.SUCCEEDED: Meaning("It was written, and found to be right afterwards."),
    State.SKIPPED: Meaning("Nothing was written: by then there was a reason not to.", "See the message."),
    State.UNDONE: Meaning("It was taken back: the resource is as it was before."),
}
_FAILED: Meanings = {
    State.FAILED: Meaning(
        "It was not written, or is not right afterwards.",
        "See the message; `posture undo` takes back what was written.",
    )
}
_GOING: Meanings = {
    State.AWAITING_APPROVAL: Meaning(
        "It waits for an approval of exactly this plan.", "`posture approve`, or delete it."
    ),
    State.RUNNING: Meaning("It is being written or checked."),
    State.UNDOING: Meaning("It is being taken back."),
}
_EVENTS = {
    **{state: EventTold("Normal", meaning) for state, meaning in {**_GOING, **_ENDED}.items()},
    State.FAILED: EventTold("Warning", _FAILED[State.FAILED]),
    "Reverted": EventTold(
        "Warning",
        Meaning(
            "What was remediated is wrong again: somebody, or something, changed it back.",
            "Find out who before it is remediated again.",
        ),
    ),
}

RULE = KindTold(
    "RemediationRule",
    (
        ConditionTold(
            "Ready",
            "it can be planned; `status.plan` says what would happen to each resource, or why not",
            true={
                "Enforcing": Meaning("It writes what the plan says."),
                "DryRun": Meaning("`spec.mode` is DryRun: nothing is written."),
                "WritesFrozen": Meaning(
                    "The operator's configuration says `writes: Frozen`: nothing is written.",
                    "Set `Enabled` when that is over.",
                ),
            },
            false={
                Reason.NOT_SUPPORTED: Meaning(
                    "Its target is scored by AWS Config; actions are for controls of Security Hub.",
                    "Name a target with `securityStandards`.",
                ),
                **INVALID,
                **WITHOUT_TARGET,
                **NOT_GRANTED,
                **DEFECT,
                **AWS,
                **STORE,
                "Syncing": Meaning("The findings of its target are not known yet.", "Wait."),
                "UnknownAction": Meaning(
                    "There is no builtin action of that name.",
                    "Write one that [the list](../remediation/README.md) has.",
                ),
                "InvalidParameters": Meaning(
                    "The action does not take these parameters.", "Correct them: `posture builtins NAME`."
                ),
                Reason.POLICY_UNREADABLE: Meaning(
                    "A SuppressionPolicy of the target cannot be read, and may protect anything.",
                    "Correct that policy.",
                ),
            },
            unknown={
                "Suspended": Meaning("`spec.suspend` is true: nothing is written."),
                "TargetSuspended": Meaning("Its target is suspended: nothing is planned."),
            },
            told="False",
        ),
        ConditionTold(
            "CapReached",
            "a limit of `spec.limits` holds resources back",
            true={"LimitReached": Meaning("The message names it.", "Wait, or raise it.")},
            false={"WithinLimits": Meaning("None does.")},
            told="True",
        ),
    ),
    {**TWO_RELEASES, **_EVENTS},
)
REMEDIATION = KindTold(
    "Remediation",
    (
        ConditionTold(
            "Complete",
            "it has ended, well or not",
            true={**_ENDED, **_FAILED},
            false=_GOING,
        ),
        ConditionTold(
            "Ready",
            "it has ended well",
            true=_ENDED,
            false={
                **_GOING,
                **_FAILED,
                "NotUndone": Meaning(
                    "Taking it back came to a point at which a person must decide.",
                    "Do what the message says.",
                ),
                "TargetNotReady": Meaning(
                    "Its target is not evaluated, and nothing is written without it.",
                    "See the target's condition `Ready`, or make the target again.",
                ),
            },
        ),
    ),
    {**TWO_RELEASES, **_EVENTS},
)
