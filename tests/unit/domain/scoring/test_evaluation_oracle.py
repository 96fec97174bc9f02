"""Random organizations: every number of an evaluation is the oracle's."""

import json

from hypothesis import given

from posture.aws.securityhub.wire import decode_page
from posture.domain.scoring.evaluation import Evaluation, evaluate
from posture.domain.time import cutoff
from tests.support import oracle
from tests.support.examples import examples
from tests.support.oracle.asff import microseconds
from tests.support.oracle.organizations import NOW, WINDOW, Organization, organizations
from tests.support.oracle.product import cells, cells_of, numbers, view


def assert_is_the_oracles(evaluation: Evaluation, organization: Organization) -> None:
    expected = oracle.scores(
        organization.raw(), organization.spec, organization.hub, NOW, organization.turned_off
    )
    assert numbers(evaluation) == expected


@examples(500)
@given(organizations())
def test_every_number_is_the_oracles(organization: Organization) -> None:
    assert_is_the_oracles(evaluate(iter(cells(organization)), view(organization)), organization)


@examples(150)
@given(organizations())
def test_every_number_is_the_oracles_from_the_wire_on(organization: Organization) -> None:
    page = decode_page(json.dumps({"Findings": organization.raw()}).encode())
    assert not page.rejected
    since = cutoff(microseconds(NOW), WINDOW // WINDOW.resolution)
    assert_is_the_oracles(evaluate(cells_of(page.findings, since), view(organization)), organization)


@examples(60)
@given(organizations())
def test_the_order_of_cells_changes_nothing(organization: Organization) -> None:
    forwards = evaluate(cells(organization), view(organization))
    backwards = evaluate(reversed(cells(organization)), view(organization))
    assert forwards == backwards
    assert repr(forwards) == repr(backwards)
