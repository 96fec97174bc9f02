"""Sorting in bounded memory."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from posture.cli.failing.sorting import SortedOnDisk
from tests.support.examples import examples

# What JSON writes of a text is ASCII without line ends.
LINES = st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=5), max_size=40)


@examples(100)
@given(LINES, st.integers(1, 12))
def test_lines_come_in_order_as_often_as_asked_and_few_are_in_memory(
    lines: list[str], in_memory: int
) -> None:
    with TemporaryDirectory() as folder:
        found = SortedOnDisk(Path(folder), in_memory)
        for line in lines:
            found.add(line)
            assert len(found._waiting) < in_memory
        assert list(found) == sorted(lines)
        assert list(found) == sorted(lines)
        assert len(list(Path(folder).iterdir())) == len(lines) // in_memory
