"""Objects as they are declared, each for a target: read one by one, so that a defect is that one's alone."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias, TypeVar

from posture.api.conditions import Trouble, defect
from posture.hubs.demand import HubKey
from posture.kube.resources import Object, name_of, target_name_of
from posture.logs import bound
from posture.reconcile.access import Admitted, NotAdmitted

logger = logging.getLogger(__name__)

Admissions: TypeAlias = Mapping[str, tuple[Object, Admitted | NotAdmitted]]
"""Every target by namespace/name: its document, and whether it is evaluated."""
DeclaredT = TypeVar("DeclaredT")


class DeclaredKind(NamedTuple):
    """A kind whose objects name a target, and how people are told of it."""

    kind: str
    logged_as: str
    """The field of log lines that names an object."""
    or_else: str = ""
    """What can be done where there is no target, beside making it."""
    stays: str = ""
    """What becomes of what was done before, where its target is missing or not evaluated."""

    def read(
        self, document: Object, read: Callable[[], DeclaredT], broken: Callable[[Trouble], DeclaredT]
    ) -> DeclaredT:
        """Return what `read` makes of an object; after a defect, what `broken` makes of that trouble."""
        try:
            return read()
        except Exception as error:
            with bound(**{self.logged_as: name_of(document)}, target=target_name_of(document)):
                logger.exception("Reading the %s failed unexpectedly (a bug in the operator)", self.kind)
            return broken(defect(error))

    def without_target(self, name: str, admission: NotAdmitted | None) -> Trouble:
        """Say that the target of this name is not evaluated, or, without an admission, not there."""
        if admission is None:
            advice = f"create it{self.or_else}.{self.stays}"
            return Trouble("TargetNotFound", f"There is no PostureTarget {name} in this namespace: {advice}")
        why = admission.trouble.reason
        advice = f"see its condition Ready.{self.stays}"
        return Trouble("TargetNotReady", f"PostureTarget {name} is not evaluated ({why}): {advice}")


def admission_of(document: Object, admissions: Admissions) -> Admitted | NotAdmitted | None:
    """Return what is known of an object's target; None: it is not there."""
    _, admission = admissions.get(target_name_of(document), (None, None))
    return admission


def targets_of(admissions: Admissions, hub: HubKey) -> dict[str, tuple[Object, Admitted]]:
    """Return the targets that look at a hub, by namespace/name."""
    return {
        name: (document, admission)
        for name, (document, admission) in admissions.items()
        if isinstance(admission, Admitted) and admission.hub == hub
    }
