"""Sets of (standard, control) pairs as whole numbers, one bit a pair, so that a scope is a few ORs.

Controls get an index as they are met. The bit of control `c` in standard `s` is `c * number of standards +
s`: there is room for controls still unknown, one standard is every n-th bit, and pooling standards is
shifting them onto one another.
"""

from collections.abc import Iterable, Iterator
from copy import copy

from posture.domain.findings import Check
from posture.domain.standards import Controls


class ControlBits:
    """The bits of a target's standards.

    `known`: pairs that the hub lists. `off`: those of them that it has off in its own account and Region; of
    other places it does not know, there findings tell. Standards must be unique.
    """

    def __init__(self, standards: tuple[str, ...], controls: Controls) -> None:
        self.standards = standards
        self._controls = controls
        self._index: dict[str, int] = {}
        self._names: list[str] = []
        self.known = 0
        self.off = 0
        for standard in standards:
            facts = controls.standards.get(standard)
            for control in sorted(facts.controls) if facts else ():
                bit = self.bit(standard, control)
                self.known |= bit
                if facts and not facts.controls[control].enabled:
                    self.off |= bit

    def releasing(self, pairs: Iterable[tuple[str, str]]) -> "ControlBits":
        """Return the same bits on which these (standard, control) pairs are not off."""
        bits = copy(self)
        for standard, control in pairs:
            if standard in self.standards:
                bits.off &= ~self.bit(standard, control)
        return bits

    def bit(self, standard: str, control: str) -> int:
        """Return the bit of a pair; the standard must be one of these."""
        identity = self._controls.identity(standard, control)
        index = self._index.get(identity)
        if index is None:
            index = self._index[identity] = len(self._names)
            self._names.append(control)
        return 1 << (index * len(self.standards) + self.standards.index(standard))

    def mask(self, check: Check) -> int:
        """Return the pairs that a check's findings count for, of these standards."""
        mask = 0
        for standard, control in self._controls.pairs_of(check):
            if standard in self.standards:
                mask |= self.bit(standard, control)
        return mask

    def of_standard(self, standard: str) -> int:
        """Return all pairs of one standard."""
        return self._first() << self.standards.index(standard)

    def pooled(self, pairs: int) -> int:
        """Return the controls of which any pair is in the set, as pairs of the first standard."""
        pooled = 0
        for shift in range(len(self.standards)):
            pooled |= pairs >> shift
        return pooled & self._first()

    def pairs(self, mask: int) -> Iterator[tuple[str, str]]:
        """List a set's pairs as (standard, control id as AWS spells it)."""
        width = len(self.standards)
        while mask:
            lowest = mask & -mask
            control, standard = divmod(lowest.bit_length() - 1, width)
            yield self.standards[standard], self._controls.spelled(self._names[control])
            mask ^= lowest

    def _first(self) -> int:
        """Return every n-th bit, for as many controls as there are: (2^nk - 1) / (2^n - 1)."""
        width = len(self.standards)
        return ((1 << width * len(self._names)) - 1) // ((1 << width) - 1) if width else 0
