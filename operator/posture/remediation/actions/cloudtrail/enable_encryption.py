"""CloudTrail.2: trails whose log files are encrypted with a KMS key."""

from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.cloudtrail.trails import TrailSetting
from posture.remediation.actions.contract import Json, Situation, Writer
from posture.remediation.actions.parameters import Parameter, Values, key_arn

_MEMBER = "KmsKeyId"


class EnableTrailEncryption(TrailSetting):
    """CloudTrail refuses a key whose policy does not let it encrypt (CloudTrail API, UpdateTrail).

    A trail shows its key by the key's ARN, however it was named.
    """

    name = "cloudtrail-enable-encryption"
    controls = frozenset({"CloudTrail.2"})
    parameters = (
        Parameter(
            "key",
            "The ARN of a KMS key in the Region of the trail's bucket, whose policy lets CloudTrail encrypt.",
            None,
            key_arn,
            required=True,
        ),
    )
    risk = "Whoever reads the logs and may not decrypt with the key is cut off from new ones."
    undo_says = "The setting is as before; logs that were encrypted meanwhile stay so."
    part = "key"
    sent_as = _MEMBER
    summary = "Encrypt the trail's log files"

    def value_of(self, trail: Mapping[str, Any]) -> Json:
        """Return the key; None: there is none."""
        return trail.get(_MEMBER) or None

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the rule's key, unless the trail has one."""
        del situation
        return present or values["key"]

    def says(self, present: Json, wanted: Json) -> str:
        """Say with which key."""
        del present
        return f"{self.summary} with {wanted}"

    async def put(self, writer: Writer, resource: ResourceKey, value: Json) -> None:
        """Set the key, or none."""
        await super().put(writer, resource, value or "")


ACTION = EnableTrailEncryption()
