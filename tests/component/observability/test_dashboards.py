"""Every panel's queries on a real Prometheus: each gives data of the shape that the panel is made for."""

from collections.abc import Iterator

import pytest

from deploy.grafana.panel import Panel
from deploy.grafana.picture.answers import plain
from posture.publish.prometheus.families import ALL
from sandbox.prometheus import prometheus, query
from sandbox.waiting import wait_until
from tests.support.dashboards import PANELS, misfits
from tests.support.sample_page import sample_page

CLUSTER = "test"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus that scrapes two replicas with the same series, as in a takeover."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        sample_page() as port,
        prometheus([f"127.0.0.1:{port}", f"localhost:{port}"], folder, {"cluster": CLUSTER}) as served,
    ):
        # Rates need several scrapes of both.
        enough = "count(count_over_time(posture_build_info[1m]) >= 4) == 2"
        wait_until(lambda: query(served, enough), "scrapes", seconds=60)
        yield served


def test_every_family_is_on_the_page(address: str) -> None:
    there = {labels["__name__"] for labels, _ in query(address, '{__name__=~"posture_.*"}')}
    assert there == {family.name for family in ALL}


@pytest.mark.parametrize(("where", "panel"), PANELS.items(), ids=PANELS)
def test_it_shows_data_of_the_shape_that_it_is_made_for(address: str, where: str, panel: Panel) -> None:
    for each in panel.queries:
        series = query(address, plain(each.expr))
        assert series, f"{where}: {each.name}: no data"
        assert not list(misfits(panel, each, series)), where
        assert {labels["cluster"] for labels, _ in series} == {CLUSTER}


@pytest.mark.parametrize(
    ("title", "value"),
    [
        ("posture-organization: Now: Score", 0.8),
        ("posture-organization: Now: Above the objective", -0.1),
        ("posture-organization: Now: Critical findings that fail", 2),
        ("posture-exceptions: Now: Worth", 0.2),
        ("posture-exceptions: Now: Suppressed findings", 4),
        ("posture-exceptions: Now: Ends within 30 days", 1),
        ("posture-exceptions: Now: Review is due", 1),
        ("posture-operations: Now: Replicas by version", 2),
    ],
)
def test_it_shows_the_number_that_is_meant(address: str, title: str, value: float) -> None:
    ((_, shown),) = query(address, plain(PANELS[title].queries[0].expr))
    assert shown == pytest.approx(value)
