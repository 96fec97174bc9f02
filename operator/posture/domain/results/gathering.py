"""Takes in the rows of an aggregator as they come, and says what follows from all of them.

Rows of a large organization are a million and more, under a million names: of each only the number of its
name in the pack, a byte for what it came to and one for how many resources fail are kept.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from posture.domain.results.packs import Attribution, attribute
from posture.domain.results.picture import (
    NOTHING,
    KnownPacks,
    ResultsAsked,
    ResultsPicture,
    SourceState,
    check_of_rule,
    digit,
)
from posture.domain.results.rows import (
    PackResult,
    Place,
    RuleKey,
    RuleResult,
    RuleVerdict,
    is_security_hubs,
    pack_rule,
    whole_name,
)
from posture.domain.scoring.gaps import EVERYWHERE, Gaps, Size
from posture.domain.standards import CONFIG_RULES, pack_standard

_ACCOUNT_DIGITS = 12
_NOT_SAID = 255
_Pair = tuple[str, str]
"""A standard, and a control of it."""


class _Rules:
    """The rules of an account and Region with one id in their names, or with none: in the order they came."""

    __slots__ = ("failing", "names", "verdicts")

    def __init__(self) -> None:
        self.names = array("I")
        self.verdicts = bytearray()
        self.failing = bytearray()

    def add(self, name: int, verdict: RuleVerdict, failing: int | None) -> None:
        """Take in one rule; `name`: its number."""
        self.names.append(name)
        self.verdicts.append(verdict)
        self.failing.append(_NOT_SAID if failing is None else min(failing, _NOT_SAID - 1))

    def failed(self, name: int) -> list[int | None]:
        """Return for how many resources at least the rule of a name fails; empty where it does not."""
        return [
            None if failing == _NOT_SAID else failing
            for each, verdict, failing in zip(self.names, self.verdicts, self.failing, strict=True)
            if each == name and verdict == RuleVerdict.FAILED
        ]


class ResultGathering:
    """Takes in the rows of an aggregator, as they come."""

    def __init__(self, asked: ResultsAsked) -> None:
        self._asked = asked
        self._numbers: dict[str, int] = {}
        self._rules: dict[Place, dict[str, _Rules]] = defaultdict(dict)
        self._packs: dict[Place, list[PackResult]] = defaultdict(list)
        self._pack_names: dict[str, str] = {}

    def add_rule(self, result: RuleResult) -> None:
        """Take in what a rule came to."""
        if is_security_hubs(result.rule):
            return
        name, id_ = pack_rule(result.rule)
        if (id_ and self._asked.packs) or not self._asked.rules.isdisjoint((name, result.rule)):
            number = self._numbers.setdefault(name, len(self._numbers))
            by_id = self._rules[result.place]
            rules = by_id.get(id_)
            if rules is None:
                rules = by_id[id_] = _Rules()
            rules.add(number, result.verdict, result.failing)

    def add_pack(self, result: PackResult) -> None:
        """Take in what a pack came to."""
        # Each row has strings of its own, which are the same in thousands of rows.
        there, pack = self._packs[result.place], self._pack_names.setdefault(result.pack, result.pack)
        there.append(result._replace(pack=pack, place=there[0].place if there else result.place))

    def failed(self, keys: Iterable[RuleKey]) -> Mapping[RuleKey, int | None]:
        """Return which of these rules failed, and for how many resources at least."""
        found: dict[RuleKey, int | None] = {}
        for key in keys:
            name, id_ = pack_rule(key.rule)
            rules, number = self._rules.get(key.place, {}).get(id_), self._numbers.get(name)
            failing = [] if rules is None or number is None else rules.failed(number)
            if failing:
                found[key] = failing[0]
        return found

    def picture(
        self, known: KnownPacks, sources: Iterable[SourceState], lifted: Collection[RuleKey]
    ) -> ResultsPicture:
        """Return what follows from all rows. `lifted`: of the failed rules those that do no longer fail."""
        states = list(sources)
        # Where no pack is asked for, not all rules with an id have been kept.
        places = self._packs if self._asked.packs else ()
        told = {place: self._attributed(place, known.get(place, {})) for place in places}
        columns = self._columns(told)
        cells = self._cells(told, columns, lifted)
        return ResultsPicture(
            self._asked,
            tuple(check_of_rule(*pair) for pair in columns),
            cells,
            self._gaps(told, states),
            {place: dict(sorted(each.names.items())) for place, each in sorted(told.items()) if each.names},
            frozenset(each.source_id for each in states if _is_account(each.source_id))
            | {place.account_id for place in self._packs}
            | cells.keys(),
        )

    def _attributed(self, place: Place, known: Mapping[str, str]) -> Attribution:
        numbers = {
            id_: (rules.verdicts.count(RuleVerdict.PASSED), rules.verdicts.count(RuleVerdict.FAILED))
            for id_, rules in self._rules.get(place, {}).items()
            if id_
        }
        return attribute(numbers, self._packs[place], known)

    def _standards(self, id_: str, told: Attribution | None) -> Iterator[str]:
        """Yield the standards that rules with an id may belong to."""
        pack = told.names.get(id_) if told else None
        if pack is not None and pack in self._asked.packs:
            yield pack_standard(pack)
        if self._asked.rules:
            yield CONFIG_RULES

    def _pairs(self, standard: str, name: str, id_: str) -> list[_Pair]:
        """Return what a rule is in a standard: in `config-rules` by the name that it is asked for by."""
        if standard != CONFIG_RULES:
            return [(standard, name)]
        return [(standard, asked) for asked in {name, whole_name(name, id_)} & self._asked.rules]

    def _columns(self, told: Mapping[Place, Attribution]) -> dict[_Pair, int]:
        """Return all pairs that any place has, sorted and numbered."""
        names = list(self._numbers)
        numbers: dict[tuple[str, str], set[int]] = defaultdict(set)
        for place, by_id in self._rules.items():
            for id_, rules in by_id.items():
                for standard in self._standards(id_, told.get(place)):
                    # Whole names are asked for one by one, and packs in all places alike.
                    numbers[standard, id_ if standard == CONFIG_RULES else ""].update(rules.names)
        pairs = {
            pair
            for (standard, id_), found in numbers.items()
            for number in found
            for pair in self._pairs(standard, names[number], id_)
        }
        return {pair: at for at, pair in enumerate(sorted(pairs))}

    def _cells(
        self,
        told: Mapping[Place, Attribution],
        columns: Mapping[_Pair, int],
        lifted: Collection[RuleKey],
    ) -> dict[str, dict[str, bytes]]:
        names, digits = list(self._numbers), [digit(verdict) for verdict in RuleVerdict]
        passing: dict[Place, set[str]] = defaultdict(set)
        for key in lifted:
            passing[key.place].add(key.rule)
        cells: dict[str, dict[str, bytes]] = {}
        for place in sorted(self._rules):
            said, here = bytearray([NOTHING]) * len(columns), passing.get(place, ())
            for id_, rules in self._rules[place].items():
                for standard in self._standards(id_, told.get(place)):
                    for number, verdict in zip(rules.names, rules.verdicts, strict=True):
                        name = names[number]
                        is_lifted = verdict == RuleVerdict.FAILED and whole_name(name, id_) in here
                        for pair in self._pairs(standard, name, id_):
                            at = columns[pair]
                            said[at] = max(said[at], digits[RuleVerdict.LIFTED if is_lifted else verdict])
            if said.strip(bytes([NOTHING])):
                cells.setdefault(place.account_id, {})[place.region] = bytes(said)
        return cells

    def _gaps(self, told: Mapping[Place, Attribution], states: Iterable[SourceState]) -> Gaps:
        incomplete: dict[str, set[str]] = defaultdict(set)
        for state in states:
            if not state.succeeded:
                account = state.source_id if _is_account(state.source_id) else EVERYWHERE
                incomplete[account].add(state.region)
        unclear: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        sizes: dict[str, dict[str, set[Size]]] = {
            pack_standard(pack): defaultdict(set) for pack in self._asked.packs
        }
        for place, packs in self._packs.items():
            if place not in told:
                continue
            ids = {name: id_ for id_, name in told[place].names.items()}
            for each in packs:
                standard = pack_standard(each.pack)
                if each.pack not in self._asked.packs or each.pack in told[place].gone or not each.rules:
                    continue
                rules = self._rules.get(place, {}).get(ids.get(each.pack, ""))
                here = 0 if rules is None or each.pack not in ids else len(set(rules.names))
                sizes[standard][place.account_id].add(Size(each.rules, here == each.rules))
                if each.pack in told[place].unclear:
                    unclear[standard][place.account_id].add(place.region)
        return Gaps(
            _sorted(incomplete),
            {standard: _sorted(each) for standard, each in sorted(unclear.items())},
            {
                standard: {account: frozenset(found) for account, found in sorted(each.items())}
                for standard, each in sorted(sizes.items())
            },
        )


def _is_account(source_id: str) -> bool:
    return len(source_id) == _ACCOUNT_DIGITS and source_id.isascii() and source_id.isdigit()


def _sorted(regions: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {account: tuple(sorted(each)) for account, each in sorted(regions.items())}
