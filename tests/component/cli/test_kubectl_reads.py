"""Scalars of YAML, as kubectl reads them and as `posture validate` does."""

import json
import subprocess
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posture.cli.validate.reading import documents_in
from sandbox import tools
from tests.support.examples import examples

SCALARS = [
    "y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "on", "On", "off", "OFF", "true", "True",
    "tRue", "false", "~", "null", "Null", "NULL", "nuLL", "''", '"yes"', "'1'", "!!str 1", "!!str yes",
    "!!int 7", "!!float 7", "!!bool yes", "0", "-0", "+1", "1_000", "012", "0o12", "0x1F", "0b11",
    "-0b11", "+0x1f", "09", "012345678901", "111122223333", "1__2", "_1", "1e3", "1E3", "1e+3", "1.5",
    "1.", ".5", "-.5", "+.5", "1.0", "100000000000000000000", "1e20", "1e21",
    "1e400", "190:20:30", "1:30", "2027-03-31T00:00:00Z", "2027-03-31", "2027-3-1 1:2:3", "1.2.3", "0x",
    "0b", "0b12", "0o8", "0_7", "1e", "e3", ".e3", "5m", "24h", "a b", "é", "12e03", "-1.5e-3", "0.1",
    "0xG", "+", "..", "-.", "1_0.5", "0x_1", "1_", "-_1", ".7_87", "._7", ".7_", ".7__8", ".5e1_0", ".5e_1",
    ".5_e1", "+.7_8", "-._7", ".5.5",
]  # fmt: skip


def by_kubectl(text: str) -> Any:
    """Return what kubectl makes of a document of a kind that it knows nothing of."""
    done = subprocess.run(
        [str(tools.find("kubectl")), "annotate", "--local", "-f", "-", "-o", "json", "seen=by-kubectl"],
        input=text, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, (text, done.stderr)
    return json.loads(done.stdout)["spec"]


def manifest(scalars: list[str]) -> str:
    lines = "".join(f"  k{number}: {scalar}\n" for number, scalar in enumerate(scalars))
    return f"apiVersion: example.com/v1\nkind: Any\nmetadata: {{name: a}}\nspec:\n{lines}"


def same(scalars: list[str]) -> None:
    (document,) = documents_in(manifest(scalars).encode())
    assert document.misread == []
    ours, theirs = document.value["spec"], by_kubectl(manifest(scalars))
    told = {scalar: (ours[f"k{n}"], theirs.get(f"k{n}")) for n, scalar in enumerate(scalars)}
    assert {scalar: pair for scalar, pair in told.items() if repr(pair[0]) != repr(pair[1])} == {}


def test_every_spelling_is_read_as_kubectl_reads_it() -> None:
    same(SCALARS)


@given(st.lists(st.from_regex(r"[-+]?[0-9._xobeE]{1,6}", fullmatch=True), min_size=20, max_size=60))
@examples(15, shrink=False)
def test_whatever_looks_like_a_number_is_read_as_kubectl_reads_it(scalars: list[str]) -> None:
    same([each for each in scalars if not each.startswith("---")])


def test_names_of_fields_and_merged_fields_are_those_that_kubectl_makes() -> None:
    text = manifest(["{1: a, yes: b, 1.5: c, 'no': d, 012: e}"]) + (
        "  base: &base {a: 1, b: {c: 2}}\n  other: &other {a: 5, d: 6}\n"
        "  one: {<<: *base, a: 3}\n  two: {<<: [*base, *other], e: 7}\n"
    )
    (document,) = documents_in(text.encode())
    assert document.value["spec"] == by_kubectl(text)
