"""CloudTrail.4: trails whose log files are validated."""

from collections.abc import Mapping
from typing import Any

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.cloudtrail.trails import TrailSetting
from posture.remediation.actions.contract import Json, Refused

_MEMBER = "LogFileValidationEnabled"


class EnableLogValidation(TrailSetting):
    """One flag."""

    name = "cloudtrail-enable-log-validation"
    controls = frozenset({"CloudTrail.4"})
    risk = "Nothing is cut off; digest files are written beside the logs."
    undo_says = "The setting is as before; the chain of digests ends there."
    part = "logFileValidation"
    sent_as = "EnableLogFileValidation"
    right = True
    summary = "Enable the validation of the trail's log files"

    def value_of(self, trail: Mapping[str, Any]) -> Json:
        """Return whether log files are validated."""
        if _MEMBER not in trail:
            raise Refused(Reason.UNREADABLE, f"CloudTrail did not answer with {_MEMBER}")
        return trail[_MEMBER]


ACTION = EnableLogValidation()
