"""Every query of every dashboard, as in its JSON, on a real Prometheus that scrapes the demo's operator."""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from demo.pictures import INTERVAL, source
from demo.scenes import play, staged
from deploy.grafana.generate import DASHBOARDS, PLAIN
from deploy.grafana.picture.answers import Source, answers
from deploy.grafana.picture.declared import Declared, panels
from sandbox import prometheus
from tests.support.dashboards import PANELS, misfits

ROOT = Path(__file__).parents[2]
MAY_BE_EMPTY = {
    "posture-exceptions: Now: Review is due": "a review is due a week after its policy was made",
    "posture-remediation: Now: Failed": "each remediation of the demo succeeds",
    "posture-remediation: Now: Waits for approval": "no rule of the demo wants one",
    "posture-operations: Objects: Scores that are not current": "the Security Hub of the demo answers",
    "posture-operations: Sync: Errors per hour, by reason": "the Security Hub of the demo answers",
    "posture-operations: Sync: Corrections by sweeps, per day": "polls see everything; each would be a bug",
    "posture-operations: AWS: Time spent waiting for AWS's quota": "the cloud of the demo has no quotas",
}
"""What a demo in which all goes well cannot show, and why. The component test's sample page has it all."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Source]]:
    """The Prometheus of a demo that has been played, with its answers."""
    with contextlib.ExitStack() as stack:
        stage = staged(stack, tmp_path_factory.mktemp("demo"), scraped=True)
        began = time.time()
        play(stage)
        assert stage.prometheus is not None
        yield stage.prometheus, source(stage.prometheus, began)


def declared() -> Mapping[str, Declared]:
    """The panels of all JSON files, by where they are as in PANELS."""
    found = {}
    for dashboard in DASHBOARDS:
        row = ""
        for each in panels(json.loads((ROOT / PLAIN / f"{dashboard.uid}.json").read_text())):
            if each.kind == "row":
                row = each.title
            else:
                found[f"{dashboard.uid}: {row}: {each.title}"] = each
    return found


@pytest.mark.timeout(300)
def test_each_panel_has_data_of_its_shape_in_the_demo(address: tuple[str, Source]) -> None:
    there = declared()
    assert there.keys() == PANELS.keys()
    assert MAY_BE_EMPTY.keys() <= PANELS.keys()
    wrong = []
    for where, panel in there.items():
        answered = answers(panel, address[1], interval=INTERVAL, chosen={})
        for query, series in zip(PANELS[where].queries, answered, strict=True):
            if not series and where not in MAY_BE_EMPTY:
                wrong.append(f"{where}: {query.name}: no data")
            told = [(each.labels, value) for each in series for _, value in each.points[-1:]]
            wrong += [f"{where}: {each}" for each in misfits(PANELS[where], query, told)]
    assert wrong == []


@pytest.mark.timeout(300)
def test_alerts_are_about_what_the_demo_has(address: tuple[str, Source]) -> None:
    held = {
        (each.name, each.labels.get("target") or each.labels.get("name"))
        for each in prometheus.alerts(address[0])
    }
    assert {
        ("PostureScoreBelowObjective", "organization"),
        ("PostureCriticalFindings", "organization"),
    } <= held
    assert not {name for name, _ in held} & {
        "PostureOperatorDown",
        "PostureSyncStale",
        "PostureScoreNotCurrent",
    }
