"""One line of the result: a number of ours, what stands beside it, and what it should be."""

from typing import Any, Literal, NamedTuple


class Aim(NamedTuple):
    """What a row should show: its ratio, or our number itself, at most or at least a limit."""

    of: Literal["ratio", "ours"]
    relation: Literal["<=", ">="]
    limit: float

    def met_by(self, value: float) -> bool:
        """Say whether the value is where it should be."""
        return value <= self.limit if self.relation == "<=" else value >= self.limit


class Row(NamedTuple):
    """One measured thing. `beside`: the same of what `beside_is` names; `samples`: all values of ours.

    `measure`: the name by which `--only` runs it again.
    """

    measure: str
    what: str
    unit: str
    ours: float
    beside: float | None = None
    beside_is: str = ""
    aim: Aim | None = None
    samples: tuple[float, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Ours ÷ beside, where something stands beside."""
        return self.ours / self.beside if self.beside else None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.aim is None:
            return None
        value = self.ratio if self.aim.of == "ratio" else self.ours
        return value is not None and self.aim.met_by(value)

    def as_json(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return {
            **self._asdict(),
            "aim": self.aim._asdict() if self.aim else None,
            "ratio": self.ratio,
            "met": self.met,
        }
