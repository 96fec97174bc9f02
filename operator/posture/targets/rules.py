"""Why a target that is scored by rules of AWS Config has no score, and what to do, in words."""

from collections.abc import Iterable, Mapping, Sequence

from posture.api.conditions import Trouble
from posture.domain.scoring.evaluation import Evaluation
from posture.domain.scoring.gaps import EVERYWHERE

_NAMED = 20
"""Accounts that a condition names."""


def gap_of(evaluation: Evaluation) -> Trouble | None:
    """Return what an evaluation does not know that its score would rest on; None: it knows everything."""
    if evaluation.incomplete:
        return Trouble(
            "AggregatorIncomplete",
            "The last update of the aggregator did not succeed, or is out of date, in"
            f" {_listed(evaluation.incomplete)}: scores that contain these accounts do not exist until it"
            " does. See the aggregator's sources and authorizations in AWS Config; to go on without these"
            " accounts, name them in spec.accounts.exclude.",
            terminal=False,
        )
    if evaluation.unclear:
        packs = "; ".join(f"{name} in {_listed(places)}" for name, places in evaluation.unclear.items())
        return Trouble(
            "PacksUnclear",
            "Where two packs have equally many rules that comply, and that do not, nothing says which rules"
            f" are whose: {packs}. Scores that contain these accounts do not exist until the numbers have"
            " differed once. To go on without these accounts, name them in spec.accounts.exclude.",
            terminal=False,
        )
    return None


def no_score(notes: Iterable[str], *, reports: bool) -> Trouble:
    """Say why there is no score, where everything is known. `reports`: any account has a result."""
    advice = "".join(f" {note}" for note in notes)
    if not reports:
        return Trouble(
            "NoResults",
            "No account of the target has a result of these rules in the aggregator, so there is no score:"
            f" check their names, spec.accounts and the accounts that are granted.{advice}",
        )
    return Trouble(
        "NoData",
        "How many rules the packs have is not known, as accounts have different ones or several packs have"
        " rules without any result, so there is no score by the expected-controls method: use SecurityHub in"
        f" spec.scoring.method.{advice}",
    )


def pack_not_found(standards: Iterable[str]) -> Trouble:
    """Say that no account has some packs."""
    return Trouble(
        "PackNotFound",
        f"In no account of the target, as the aggregator shows it: {', '.join(standards)}. Correct"
        " spec.source.conformancePacks.names, which are whole names, or deploy the pack.",
    )


def _listed(places: Mapping[str, Sequence[str]]) -> str:
    """Name accounts with their Regions, the first of them."""
    named = [
        f"{'the whole organization' if account == EVERYWHERE else account} ({', '.join(regions)})"
        for account, regions in places.items()
    ]
    more = len(named) - _NAMED
    return ", ".join(named[:_NAMED]) + (f" and {more} more" if more > 0 else "")
