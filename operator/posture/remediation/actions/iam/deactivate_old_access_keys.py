"""IAM.3: active access keys that are too old."""

from collections.abc import Mapping

from posture.remediation.actions.contract import Iam, Json, Situation
from posture.remediation.actions.iam.access_keys import DeactivateAccessKeys, age_of, history_of, unused_for
from posture.remediation.actions.parameters import Parameter, Values, duration


class DeactivateOldAccessKeys(DeactivateAccessKeys):
    """Of those that are too old, one that is in use may be spared."""

    name = "iam-deactivate-old-access-keys"
    controls = frozenset({"IAM.3"})
    parameters = (
        Parameter("maxAge", "A key that is older is deactivated.", "2160h", duration("1s", "87600h")),
        Parameter(
            "unusedFor",
            "Only a key that is unused for so long is deactivated, such as `336h`; none: any.",
            None,
            duration("1h", "87600h"),
        ),
    )
    iam = Iam(
        read=("iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:ListUserTags"),
        write=("iam:UpdateAccessKey",),
        undo=("iam:UpdateAccessKey",),
    )
    risk = "Whatever signs with such a key is refused from then on."
    undo_says = "The keys are active again."

    def why_wrong(self, key: Mapping[str, Json], values: Values, situation: Situation) -> str | None:
        """Compare its age with `maxAge`."""
        return history_of(key) if age_of(key, situation) > values["maxAge"] else None

    def why_spared(self, key: Mapping[str, Json], values: Values, situation: Situation) -> str | None:
        """Compare its last use with `unusedFor`."""
        unused = unused_for(key, situation)
        if values["unusedFor"] is None or unused is None or unused > values["unusedFor"]:
            return None
        return f"it was last used at {key['lastUsed']}, which is not longer ago than unusedFor"


ACTION = DeactivateOldAccessKeys()
