"""What findings say of controls: from that follow the status of each control in a scope, and the scores."""

from collections.abc import Callable, Mapping
from operator import or_
from typing import NamedTuple

from posture.domain.findings import Compliance, Workflow
from posture.domain.scoring.control_bits import ControlBits
from posture.domain.scoring.scores import ControlCounts

# What one finding says of its control; the findings of a cell together say the OR.
ON = 1
PASSED = 2
FAILED = 4
UNKNOWN = 8
HIDDEN_PASSED = 16
HIDDEN_FAILED = 32
HIDDEN_UNKNOWN = 64
UNEXPECTED = 128


def saying(compliance: Compliance, workflow: Workflow) -> int:
    """Return what an ACTIVE finding inside the window says of a control that is on.

    Security Hub's rules look at nothing but Compliance, unless it is suppressed; those of the
    expected-controls method at Workflow NEW and NOTIFIED only, FAILED and WARNING.
    """
    if compliance is Compliance.PASSED:
        said = PASSED
    elif compliance is Compliance.FAILED:
        said = FAILED
    else:
        said = UNKNOWN
    if workflow is Workflow.SUPPRESSED:
        return ON | hidden(said)
    fails = compliance in {Compliance.FAILED, Compliance.WARNING}
    if fails and workflow in {Workflow.NEW, Workflow.NOTIFIED}:
        said |= UNEXPECTED
    return ON | said


def hidden(said: int) -> int:
    """Return the same, said by what only the unsuppressed score counts."""
    return said * (HIDDEN_PASSED // PASSED)


class Evidence(NamedTuple):
    """Sets of (standard, control) pairs (see `ControlBits`) that the findings of a scope support."""

    seen: int = 0
    """Any ACTIVE finding inside the window."""
    on: int = 0
    """Any of them where the control is on."""
    passed: int = 0
    """Not suppressed, where the control is on; so are the next two."""
    failed: int = 0
    unknown: int = 0
    hidden_passed: int = 0
    """Suppressed ones, and controls that a policy turned off with the status they had then; so are the next
    two."""
    hidden_failed: int = 0
    hidden_unknown: int = 0
    unexpected: int = 0
    """Failing by the expected-controls method."""
    turned_off: int = 0
    """By a policy, somewhere in the scope."""

    def merge(self, other: "Evidence") -> "Evidence":
        """Return what both scopes together support."""
        return Evidence(*map(or_, self, other))

    @staticmethod
    def of(said: Mapping[int, int], *, seen: int, turned_off: int) -> "Evidence":
        """Sort pairs by what is said of them (an OR of the constants above)."""

        def saying_any(what: int) -> int:
            pairs = 0
            for say, mask in said.items():
                if say & what:
                    pairs |= mask
            return pairs

        return Evidence(
            seen=seen,
            on=saying_any(ON),
            passed=saying_any(PASSED),
            failed=saying_any(FAILED),
            unknown=saying_any(UNKNOWN),
            hidden_passed=saying_any(HIDDEN_PASSED),
            hidden_failed=saying_any(HIDDEN_FAILED),
            hidden_unknown=saying_any(HIDDEN_UNKNOWN),
            unexpected=saying_any(UNEXPECTED),
            turned_off=turned_off,
        )


class ControlVerdict(NamedTuple):
    """The controls of a scope by status: disjoint sets."""

    passed: int
    failed: int
    unknown: int
    no_data: int
    disabled: int

    def counts(self, narrow: Callable[[int], int]) -> ControlCounts:
        """Count the controls of a part of the scope."""
        return ControlCounts(*(narrow(pairs).bit_count() for pairs in self))


def judge_control(evidence: Evidence, bits: ControlBits) -> ControlVerdict:
    """Decide the status of each (standard, control) pair of a scope."""
    disabled = disabled_pairs(evidence, bits)
    return _verdict(evidence, bits.known | evidence.on, disabled, lambda pairs: pairs)


def judge_pooled(evidence: Evidence, bits: ControlBits) -> ControlVerdict:
    """Decide the status of each control over all standards, by those in which it is on."""
    disabled = disabled_pairs(evidence, bits)
    return _verdict(evidence, bits.known | evidence.on, disabled, bits.pooled)


def _verdict(evidence: Evidence, listed: int, disabled: int, narrow: Callable[[int], int]) -> ControlVerdict:
    failed = narrow(evidence.failed)
    unknown = narrow(evidence.unknown) & ~failed
    passed = narrow(evidence.passed) & ~failed & ~unknown
    enabled = narrow(listed & ~disabled)
    return ControlVerdict(
        passed=passed,
        failed=failed,
        unknown=unknown,
        no_data=enabled & ~(failed | unknown | passed),
        disabled=narrow(disabled) & ~enabled,
    )


def disabled_pairs(evidence: Evidence, bits: ControlBits) -> int:
    """Return the pairs that are off: at the hub's home or by a policy, and on nowhere in the scope."""
    return (bits.off | evidence.turned_off) & ~evidence.on
