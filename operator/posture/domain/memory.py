"""What a pure function returned, remembered by its argument: a lookup costs no call."""

from collections.abc import Callable, Hashable
from typing import TypeVar

Value = TypeVar("Value", bound=Hashable)
Found = TypeVar("Found")

# Titles are some hundreds, but an importer can make up any number of them.
_REMEMBERED = 16_384


class Memory(dict[Value, Found]):
    """The results of a function by its argument; when they become many, all are forgotten."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[[Value], Found]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, value: Value) -> Found:
        """Ask the function."""
        found = self._function(value)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = found
        return found
