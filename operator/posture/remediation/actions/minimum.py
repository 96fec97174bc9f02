"""Actions that raise a number to what the control asks at least; it is never lowered."""

from collections.abc import Collection
from typing import ClassVar

from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Json, Refused, Situation
from posture.remediation.actions.parameters import Values
from posture.remediation.actions.setting import Setting


class Minimum(Setting):
    """The part is a number, or None where there is no bound, which is more than any.

    `control_parameter`: what the control calls its minimum, in any case: editions of the user guide differ.
    `default`: its value where it is not customised.
    `allowed`: values that Security Hub takes for it (user guide, page of the control).
    """

    control_parameter: ClassVar[str]
    default: ClassVar[int]
    allowed: ClassVar[Collection[int]]

    def wanted(self, present: Json, values: Values, situation: Situation) -> Json:
        """Return the minimum that is in force, or what is more already."""
        del values
        least = self._in_force(situation)
        return present if present is None or present >= least else least

    def says(self, present: Json, wanted: Json) -> str:
        """Say from what to what."""
        return f"{self.summary} from {present} to {wanted}"

    def _in_force(self, situation: Situation) -> int:
        named = self.control_parameter.lower()
        found = [each for name, each in situation.control_parameters.items() if name.lower() == named]
        if not found:
            return self.default
        (given, *_), by_text = found, {str(each): each for each in self.allowed}
        if len(given) != 1 or given[0] not in by_text:
            raise Refused(
                Reason.UNREADABLE,
                f"The control's parameter {self.control_parameter} makes no sense: {', '.join(given)}",
            )
        return by_text[given[0]]
