"""Random organizations with tags: scores by workload are the oracle's, or absent where one is unknown."""

from hypothesis import assume, given

from posture.domain.scoring.evaluation import evaluate
from tests.support import oracle
from tests.support.examples import examples
from tests.support.oracle.organizations import NOW, Organization, tagged_organizations
from tests.support.oracle.product import cells, numbers, view


@examples(200)
@given(tagged_organizations())
def test_every_number_is_the_oracles(organization: Organization) -> None:
    expected = oracle.scores(
        organization.raw(), organization.spec, organization.hub, NOW, organization.turned_off
    )
    assert numbers(evaluate(cells(organization), view(organization))) == expected


@examples(100)
@given(tagged_organizations())
def test_what_is_not_known_of_an_account_takes_scores_away_and_changes_none(
    organization: Organization,
) -> None:
    whole = numbers(evaluate(cells(organization), view(organization)))
    tags = organization.hub["organization"]["tags"]
    assume(tags)
    lost = {account: values for account, values in tags.items() if account != min(tags)}
    known = {**organization.hub["organization"], "tags": lost}
    less = organization._replace(hub={**organization.hub, "organization": known})
    partial = numbers(evaluate(cells(less), view(less)))
    for kind in ("target", "standards", "accounts", "controls", "findings", "reporting", "silent"):
        assert partial[kind] == whole[kind]
    for scope, scores in partial["workloads"].items():
        assert whole["workloads"][scope] == scores
