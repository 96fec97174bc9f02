"""Which conformance pack the rules of an account and Region belong to.

An aggregator names the pack's id in the names of rules, and the pack's name in how many rules it has: nothing
says which id is whose but the numbers. Where two packs have the same numbers, they are not told apart, and
never mixed: what was told apart before stays so.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.domain.results.rows import PackResult

Numbers = tuple[int, int]
"""How many rules passed, and how many failed."""


class Attribution(NamedTuple):
    """The packs of an account and Region."""

    names: Mapping[str, str]
    """Id → name of a pack."""
    unclear: frozenset[str]
    """Names of packs with results of which it is not known which rules are theirs."""
    gone: frozenset[str]
    """Names of packs whose rules are not there any more: they were deleted."""


def attribute(
    ids: Mapping[str, Numbers], packs: Iterable[PackResult], known: Mapping[str, str]
) -> Attribution:
    """Tell the packs of one account and Region apart.

    `ids`: what the rules with each id came to. `packs`: what each pack came to. `known`: id → name, as it was
    told before. Numbers that only one id and one pack have tie them together; that is believed before what
    was known, which stays where numbers were read a moment apart. A pack with results is gone where no rule
    is left that may be its own.
    """
    listed = {each.pack: (each.passed, each.failed) for each in packs}
    names = {id_: name for id_, name in _tied(ids, listed) if name}
    for id_, name in known.items():
        taken = id_ in names or name in names.values()
        # An id without rules may be of a pack without results, not of one that has some.
        if not taken and name in listed and (id_ in ids or not any(listed[name])):
            names[id_] = name
    untold = {id_ for id_, numbers in ids.items() if any(numbers)} - names.keys()
    left = {name for name, numbers in listed.items() if any(numbers)} - set(names.values())
    return Attribution(names, frozenset(left if untold else ()), gone=frozenset(() if untold else left))


def _tied(ids: Mapping[str, Numbers], listed: Mapping[str, Numbers]) -> Iterable[tuple[str, str]]:
    """Yield the ids and names that alone have their numbers."""
    with_numbers: dict[Numbers, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for id_, numbers in ids.items():
        with_numbers[numbers][0].append(id_)
    for name, numbers in listed.items():
        with_numbers[numbers][1].append(name)
    for numbers, (found, named) in with_numbers.items():
        if any(numbers) and len(found) == len(named) == 1:
            yield found[0], named[0]
