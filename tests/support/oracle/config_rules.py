"""An oracle for scores by rules of AWS Config: sets and loops over what is true, slow and plain.

It shares nothing with the product: it knows which pack made each rule, which the product has to find out.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Pair = tuple[int, int]


class TrueRule(NamedTuple):
    """A rule as it truly is. `pack`: empty where it stands alone; `lifted`: all that fails is suppressed."""

    account: str
    region: str
    pack: str
    name: str
    compliance: str
    lifted: bool = False


class ScopeAnswer(NamedTuple):
    """The three scores of a scope."""

    aws: Pair | None
    unsuppressed: Pair | None
    expected: Pair | None


NOTHING = ScopeAnswer(None, None, None)


def answers(
    rules: Iterable[TrueRule],
    *,
    standards: Mapping[str, Iterable[str] | None],
    accounts: Iterable[str],
    unread: Iterable[str] = (),
) -> dict[str, ScopeAnswer]:
    """Score each standard over all accounts, `target` pooled, and `<standard>/<account>`.

    `standards`: by name `conformance-pack/<pack>` None, or `config-rules` with the names that are asked for.
    `unread`: accounts of which the aggregator did not read all.
    """
    rules, accounts = list(rules), set(accounts)
    found: dict[str, ScopeAnswer] = {}
    for standard, names in standards.items():
        for scope in [accounts, *({account} for account in sorted(accounts))]:
            key = standard if scope is accounts else f"{standard}/{next(iter(scope))}"
            if scope & set(unread):
                found[key] = NOTHING
                continue
            expected = _names(rules, standard, names, accounts)
            found[key] = _answer(
                [(r, r.name) for r in _of(rules, standard, names) if r.account in scope], expected
            )
    everything = [
        (rule, rule.name)
        for standard, names in standards.items()
        for rule in _of(rules, standard, names)
        if rule.account in accounts
    ]
    all_names = {each for s, names in standards.items() for each in _names(rules, s, names, accounts)}
    found["target"] = NOTHING if accounts & set(unread) else _answer(everything, all_names)
    return found


def _of(rules: list[TrueRule], standard: str, names: Iterable[str] | None) -> list[TrueRule]:
    if names is None:
        return [rule for rule in rules if f"conformance-pack/{rule.pack}" == standard]
    return [rule for rule in rules if rule.name in set(names)]


def _names(rules: list[TrueRule], standard: str, names: Iterable[str] | None, accounts: set[str]) -> set[str]:
    if names is not None:
        return set(names)
    return {rule.name for rule in _of(rules, standard, None) if rule.account in accounts}


def _answer(rules: list[tuple[TrueRule, str]], expected: set[str]) -> ScopeAnswer:
    passed, failed, raw_failed, data = (set[str]() for _ in range(4))
    for rule, name in rules:
        if rule.compliance == "COMPLIANT":
            data.add(name)
            passed.add(name)
        elif rule.compliance == "NON_COMPLIANT":
            data.add(name)
            raw_failed.add(name)
            (passed if rule.lifted else failed).add(name)
    if not data:
        return NOTHING
    return ScopeAnswer(
        (len(data - failed), len(data)),
        (len(data - raw_failed), len(data)),
        (len(expected - failed), len(expected)),
    )
