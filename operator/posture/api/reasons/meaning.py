"""What a reason means, and what those share that objects of every kind give."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from posture.api.reasons.words import ConditionType, ReasonWord


class Meaning(NamedTuple):
    """What is the case, and what a person does about it; empty: nothing."""

    means: str
    do: str = ""


Meanings: TypeAlias = Mapping[ReasonWord, Meaning]
_NONE: Meanings = MappingProxyType({})


class ConditionTold(NamedTuple):
    """One condition of a kind: what it says while it is true, and its reasons by its status.

    `told`: the status that is bad news, of whose coming and going an event tells; None: no event does.
    """

    type: ConditionType
    says: str
    true: Meanings = _NONE
    false: Meanings = _NONE
    unknown: Meanings = _NONE
    told: Literal["True", "False"] | None = None

    def by_status(self) -> dict[str, Meanings]:
        """Give the reasons of each status."""
        return {"True": self.true, "False": self.false, "Unknown": self.unknown}


class EventTold(NamedTuple):
    """An event that no condition stands behind."""

    kind: Literal["Normal", "Warning"]
    meaning: Meaning


class KindTold(NamedTuple):
    """All that objects of a kind say of themselves."""

    kind: str
    conditions: tuple[ConditionTold, ...]
    events: Mapping[ReasonWord, EventTold] = MappingProxyType({})


_CHECK = "`posture check` names the right, role or setting."
AWS: Meanings = {
    "AwsUnavailable": Meaning("AWS answers with an error of its own. It is tried again."),
    "Throttled": Meaning(
        "AWS refuses calls for their rate, for longer than a call may take. It is tried again.",
        "If it stays: see who else calls Security Hub in this account and Region, and lower `quotaShare`"
        " where people need more of the quota.",
    ),
    "MalformedResponse": Meaning(
        "What came back is no answer of AWS's, or not a whole one. It is tried again.",
        "If it stays: look for a proxy between the operator and AWS.",
    ),
    "EndpointUnreachable": Meaning(
        "No connection to AWS can be made or kept. It is tried again.",
        "If it stays: check DNS, egress (`networkPolicy`), proxy and VPC endpoints of the operator's pod.",
    ),
    "AwsRefused": Meaning("AWS refuses the call, for no reason known here.", "Do what the message says."),
    "AccessDenied": Meaning(
        "IAM or an organization's policy refuses a call.",
        f"Allow the action that the message names. {_CHECK}",
    ),
    "HubNotEnabled": Meaning(
        "Security Hub CSPM is off in this account and Region.",
        "Correct `spec.aws.region` or `roleArn`, or enable it there.",
    ),
    "CredentialsUnavailable": Meaning(
        "The operator has no identity of its own at AWS.",
        "Check IRSA or Pod Identity of its ServiceAccount: [IAM](../iam/README.md).",
    ),
    "CredentialsRefused": Meaning(
        "AWS does not accept the operator's credentials.", "Do what the message says; check the node's clock."
    ),
    "RoleNotAssumable": Meaning(
        "STS does not give out the role.",
        "Correct its trust policy, or the grant's `externalId`: [IAM](../iam/README.md).",
    ),
    "RegionUnavailable": Meaning(
        "The Region does not exist, or is not enabled for the account.", "Correct it, or enable the Region."
    ),
    "InvalidRequest": Meaning(
        "AWS refuses a request as it is written.", "Correct what the message names; else report it."
    ),
    "TokenRefused": Meaning("AWS does not know a page token any more. That part is read again."),
}
STORE: Meanings = {
    "StoreAhead": Meaning(
        "What is stored was read at times that are yet to come. Everything is read again.",
        "If it comes again: look for a proxy that sets the `Date` of AWS's answers.",
    ),
    "StoreClosed": Meaning("The store is being closed. It is opened again when it is needed."),
    "StoreDamaged": Meaning(
        "The store's file is damaged; it was moved aside. Everything is read again.",
        "Check the volume's disk.",
    ),
    "StoreDeleted": Meaning(
        "The store's file was deleted or replaced while in use. Everything is read again.",
        "Keep other programs out of the data directory.",
    ),
    "StoreDiskFull": Meaning(
        "The volume of the store is full.",
        "Enlarge it (`persistence.size`): [sizing](../sizing.md).",
    ),
    "StoreLocked": Meaning(
        "Another process has the store's file.", "Give each replica a data directory of its own."
    ),
    "StoreLost": Meaning("The store has been closed. It is opened again, and everything is read again."),
    "StoreNotWritable": Meaning(
        "The data directory cannot be written to.", "Make it a volume that the pod's user can write to."
    ),
    "StoreOutOfMemory": Meaning("There is no memory for the store.", "Raise the pod's memory limit."),
    "StoreUnreadable": Meaning("The disk of the store fails.", "Check the volume."),
}
DEFECT: Meanings = {
    "OperatorDefect": Meaning(
        "A bug in the operator keeps it from acting on this object; others go on.",
        "Report it, with the traceback in the operator's log.",
    )
}
INVALID: Meanings = {
    "InvalidSpec": Meaning(
        "The object says something that its schema let pass, and that has no meaning.",
        "Correct what the message names; `posture validate` finds it beforehand.",
    )
}
NOT_GRANTED: Meanings = {
    "NotGranted": Meaning(
        "The operator's configuration does not grant this namespace what the object asks for.",
        "Have the line of the message added below `grants`.",
    )
}
WITHOUT_TARGET: Meanings = {
    "TargetNotFound": Meaning(
        "There is no PostureTarget of that name in this namespace.", "Create it, or delete this object."
    ),
    "TargetNotReady": Meaning("Its target is not evaluated.", "See the target's condition `Ready`."),
}
TWO_RELEASES: Mapping[ReasonWord, EventTold] = {
    "TwoReleases": EventTold(
        "Warning",
        Meaning(
            "Another release of the operator writes to this object too.",
            "Finish the upgrade, or uninstall one of the two.",
        ),
    )
}
