"""How far a policy is: what its status, its conditions and its metrics follow from."""

from dataclasses import dataclass, field

from posture.aws.errors import AwsError
from posture.domain.suppression_plan import Outcome
from posture.store import StoreError
from posture.suppression.effect import Effect
from posture.suppression.owner import OwnerUnknown
from posture.suppression.writing import Refusal


@dataclass(frozen=True, slots=True)
class Progress:
    """What a plan, and the writing after it, came to for one policy; counts are of findings.

    `pending`: writes that Security Hub has not shown yet, or that are still to be made. `held`: of these, to
    be made. `refusals`: what was refused, for now or for good. `left`: Ids of some findings that it still has
    to let go of. `at`: the moment (µs) that it speaks of. `whole`: there is nowhere else that it may have
    marked anything; where that is not known yet, it cannot be said to have let go of everything.
    """

    outcome: Outcome
    pending: int
    held: int
    refusals: tuple[Refusal, ...]
    left: tuple[str, ...]
    effect: Effect | None
    at: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class HubState:
    """What of its hub concerns a policy.

    `error`: of reading, marking or writing. `reading`: of reading the hub alone. `frozen`: nothing may be
    written. `begins`: its task has just begun, and has not concluded anything yet: no news for a policy of
    which something was told before.
    """

    suspended: bool = False
    frozen: bool = False
    begins: bool = False
    error: AwsError | StoreError | OwnerUnknown | None = field(default=None)
    reading: AwsError | StoreError | None = None
