"""What a PostureTarget says of itself."""

from posture.api.reasons.meaning import (
    AWS,
    DEFECT,
    INVALID,
    NOT_GRANTED,
    STORE,
    TWO_RELEASES,
    ConditionTold,
    EventTold,
    KindTold,
    Meaning,
    Meanings,
)

_TOKEN = "Have the token checked in Splunk; a new one is used as soon as `tokenFile` has it."  # noqa: S105 - advice
_PROXY = "Look for a proxy that takes headers away."
_WAIT = "Nothing, or have Splunk looked at: it is tried again with growing pauses."

# By which of Splunk's answers an output fails, or why none came.
_SPLUNK: Meanings = {
    "AckDisabled": Meaning(
        "The token has no indexer acknowledgement.",
        "Turn it on in Splunk, or `acknowledge` of the output off.",
    ),
    "CaFileUnreadable": Meaning("`caFile` has no certificates.", "Mount it, or correct the path."),
    "CertificateNotTrusted": Meaning(
        "Splunk's certificate is of an authority that is not trusted.", "Put that into `caFile`."
    ),
    "ChannelMissing": Meaning("Splunk received no channel.", _PROXY),
    "IncorrectIndex": Meaning(
        "The token may not write to the output's `index`.", "Correct it, or allow it to the token."
    ),
    "InvalidAuthorization": Meaning("Splunk does not understand the authorization.", _TOKEN),
    "InvalidChannel": Meaning("Splunk refuses the channel.", _PROXY),
    "InvalidToken": Meaning("Splunk does not know the token, or not yet everywhere.", _TOKEN),
    "NotACollector": Meaning("There is no HTTP Event Collector at `url`.", "Correct it."),
    "NotAcknowledged": Meaning("Splunk took something, and has not said that it is indexed.", _WAIT),
    "NotSplunk": Meaning(
        "Something between answers in Splunk's place.", "Correct `url`, or have the proxy looked at."
    ),
    "Redirected": Meaning(
        "The collector redirects, which is not followed: the token goes nowhere else.", "Correct `url`."
    ),
    "SplunkBusy": Meaning("Splunk is busy, full, or shutting down.", _WAIT),
    "SplunkError": Meaning("Splunk has an error of its own.", _WAIT),
    "SplunkUnavailable": Meaning("Splunk cannot be reached, or does not answer in time.", _WAIT),
    "TokenDisabled": Meaning("The token is disabled.", _TOKEN),
    "TokenRequired": Meaning("Splunk received no token.", _PROXY),
    "TokenUnreadable": Meaning("`tokenFile` has no token.", "Mount the Secret there, or correct the path."),
}
_SUSPENDED: Meanings = {"Suspended": Meaning("`spec.suspend` is true: Security Hub is not asked.")}
_MISSING: Meanings = {
    "StandardNotEnabled": Meaning(
        "A standard of `spec.source` is enabled nowhere in this Security Hub.",
        "Correct its name, or enable it; the message lists those that are enabled.",
    ),
    "PackNotFound": Meaning(
        "No account of the target has a conformance pack of that name, as the aggregator shows it.",
        "Correct the name, which is the whole one, or deploy the pack.",
    ),
}
_AGGREGATOR: Meanings = {
    "AggregatorNotFound": Meaning(
        "There is no aggregator of that name, or none at all, in this account and Region.",
        "Correct `aggregator`, the Region or the role, or create it: [AWS Config](../config.md).",
    ),
    "AggregatorNotChosen": Meaning(
        "There are several aggregators, and the target names none.", "Name one of those in the message."
    ),
}
_REFUSED: Meanings = {
    **INVALID,
    **NOT_GRANTED,
    **DEFECT,
    "QueueConflict": Meaning(
        "An older target names another queue for this Security Hub, or this queue for another one.",
        "Do what the message says: [events](../events.md).",
    ),
}
NOT_CURRENT: Meanings = {
    **_SUSPENDED,
    **_MISSING,
    **_REFUSED,
    **_AGGREGATOR,
    **AWS,
    **STORE,
    "AggregatorIncomplete": Meaning(
        "The aggregator's last update did not succeed in some accounts and Regions: scores that contain these"
        " do not exist.",
        "Mend the source, or leave its account out by `spec.accounts.exclude`: [AWS Config](../config.md).",
    ),
    "PacksUnclear": Meaning(
        "Two packs of an account have the same numbers, and nothing says which rules are whose.",
        "Wait until the numbers differ, or leave the account out: [AWS Config](../config.md).",
    ),
    "NoResults": Meaning(
        "No account of the target has a result of its rules.",
        "Check their names, `spec.accounts`, and what the aggregator shows.",
    ),
    "Syncing": Meaning(
        "Everything is being read for the first time, or by a replica that took over without the store.",
        "Wait: `status.sync.progressPercent` tells how far it is.",
    ),
    "SweepSuspicious": Meaning(
        "A sweep missed more findings than can be by itself. They are kept, and another sweep runs.",
        "Wait for it: what it misses too is removed.",
    ),
    "RelistDue": Meaning(
        "A poll went well, and a list that scores rest on is still to be read.", "Wait for the next poll."
    ),
    "PollOverdue": Meaning(
        "Security Hub has not been read for two intervals, and no error says why.", "See the operator's log."
    ),
    "NoStandards": Meaning("No standard is enabled in this Security Hub.", "Enable one, or name one."),
    "NoFindings": Meaning(
        "No account of the target has a finding that counts.",
        "Check `spec.accounts`, that AWS Config records there, and `scoring.evaluationWindow`.",
    ),
    "NoData": Meaning(
        "No enabled control of the chosen standards has a finding that counts.",
        "Wait for AWS's first checks; else check the rights that the message names.",
    ),
}

TARGET = KindTold(
    "PostureTarget",
    (
        ConditionTold(
            "Ready",
            "accepted; the credentials work and the source answers",
            true={
                "SecurityHubAnswers": Meaning("All is well; notes of the message cost precision only."),
                "ConfigAnswers": Meaning("The same, of a target that is scored by rules of AWS Config."),
            },
            false={**_REFUSED, **_MISSING, **_AGGREGATOR, **AWS, **STORE},
            unknown={
                **_SUSPENDED,
                "Connecting": Meaning("Security Hub has not answered yet.", "Wait for the first call."),
            },
            told="False",
        ),
        ConditionTold(
            "ScoreCurrent",
            "the published score is exact, and not older than two intervals",
            true={"Exact": Meaning("The score is exact as of `status.scoreTime`.")},
            false=NOT_CURRENT,
            told="False",
        ),
        ConditionTold(
            "Declining",
            "the score has fallen by more than `objectives.trend.maxDrop`; absent without that objective",
            true={"ScoreFell": Meaning("It fell too far.", "`posture controls` says what fails.")},
            false={"WithinMaxDrop": Meaning("It has not fallen that far.")},
            unknown={**NOT_CURRENT, "NoScore": Meaning("There is no score to compare.")},
            told="True",
        ),
        ConditionTold(
            "Overdue",
            "findings fail for longer than `objectives.resolveWithin`; absent without that objective",
            true={
                "FindingsOverdue": Meaning("Some do.", "`status.overdueFindings` names those longest over.")
            },
            false={"WithinTime": Meaning("None does.")},
            unknown={
                **NOT_CURRENT,
                "TooManyObjectives": Meaning(
                    "Targets of this hub have more different `resolveWithin` than are counted by.",
                    "Use the same ones.",
                ),
                "SinceUnknown": Meaning(
                    "An earlier version did not store since when findings fail.",
                    "Wait for the next complete sweep.",
                ),
                "Counting": Meaning("It is counted at the next poll."),
            },
            told="True",
        ),
        ConditionTold(
            "Grouped",
            "accounts and tags of the organization are known; absent without `grouping.organizationTags`",
            true={
                "TagsRead": Meaning("Names and tags of all accounts of the target are known."),
                "AccountsRead": Meaning("Names and states of all accounts of the target are known."),
            },
            false={
                **NOT_GRANTED,
                **AWS,
                "ReadingAccounts": Meaning(
                    "They are being read, at the pace that Organizations allows.",
                    "Wait; there is no score of a workload until then.",
                ),
            },
            unknown={**_SUSPENDED, "Syncing": Meaning("Whose tags matter is known with the first score.")},
            told="False",
        ),
        ConditionTold(
            "InsightsRead",
            "the insights of `spec.insights` are read and told; absent without `spec.insights`",
            true={"Read": Meaning("All of them are read every hour.")},
            false={
                **AWS,
                "AwsRefused": Meaning(
                    "There is no such insight, or it was deleted.", "Correct `spec.insights`."
                ),
                "OtherAccounts": Meaning(
                    "One counts accounts that the target does not see, and is not told.",
                    "Do what the message says: [insights](../insights.md).",
                ),
            },
            unknown={**_SUSPENDED, "ReadingInsights": Meaning("Some have not been read yet.")},
            told="False",
        ),
        ConditionTold(
            "Listening",
            "events are taken from the queue of `aws.events`; absent without it",
            true={"QueueAnswers": Meaning("Changes show within seconds, as of the last poll's moment.")},
            false={
                **_REFUSED,
                "OnlyForeign": Meaning(
                    "The queue answers, but no event of this Security Hub has come from it.",
                    "Correct the rule that fills it: [events](../events.md).",
                ),
                "QueueUnavailable": Meaning(
                    "The queue cannot be used; polls go on, and changes show at the next one.",
                    "Do what the message says: [events](../events.md).",
                ),
            },
            unknown={
                **_SUSPENDED,
                "Connecting": Meaning("The queue has not been asked yet."),
                "Syncing": Meaning("Events wait in the queue until all findings have been read once."),
            },
            told="False",
        ),
        ConditionTold(
            "Published",
            "the outputs of `spec.publish` take what they are sent; absent without `spec.publish`",
            true={"Published": Meaning("`status.published` says when they last did.")},
            false={
                **NOT_GRANTED,
                **AWS,
                **_SPLUNK,
                **DEFECT,
                "OutputNotFound": Meaning(
                    "The operator's configuration has no output of that name.",
                    "Correct it, or have it added.",
                ),
                "NameTaken": Meaning(
                    "An older target of another namespace publishes there by this name.",
                    "Give this one another name, or have an output of its own made.",
                ),
                "MaxMetrics": Meaning(
                    "The output's `maxMetrics` leaves nothing of this target.",
                    "Have it raised, or fewer targets publish there.",
                ),
            },
            unknown={
                "NothingSent": Meaning(
                    "Scores are sent when they are current, findings when they change: none was."
                )
            },
            told="False",
        ),
    ),
    {
        **TWO_RELEASES,
        "StoreReplaced": EventTold(
            "Warning",
            Meaning("The local store could not be used. Everything is read again.", "Do what the note says."),
        ),
        "StoreRestored": EventTold(
            "Normal",
            Meaning("The local store was taken over from a snapshot; what has changed since is read."),
        ),
        "SnapshotFailed": EventTold(
            "Warning",
            Meaning(
                "A snapshot of the store was not stored, or was passed over. Scores do not suffer.",
                "Do what the note says: mostly a right or a volume is missing.",
            ),
        ),
        "WaitingForPolicies": EventTold(
            "Warning",
            Meaning(
                "It was deleted, and waits until its policies have undone what they did.",
                "Delete the policies that the note names; after an hour it goes without them.",
            ),
        ),
        "CleanupAbandoned": EventTold(
            "Warning",
            Meaning(
                "It goes although policies that need it remain: what they suppressed stays suppressed.",
                "Reopen it by hand, or make the target again.",
            ),
        ),
    },
)
