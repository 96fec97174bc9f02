"""The page as Prometheus itself reads it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import prometheus, tools
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import Stage


@pytest.fixture
def scraped(stage: Stage, tmp_path: Path) -> Iterator[tuple[OperatorProcess, str]]:
    """An operator with a current score, and the address of a Prometheus that scrapes it."""
    stage.target()
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    with prometheus.prometheus([operator.address], tmp_path) as address:
        yield operator, address


def query(address: str, expression: str) -> dict[tuple[str, str], float]:
    return {
        (labels.get("namespace", ""), labels.get("target", "")): value
        for labels, value in prometheus.query(address, expression)
    }


def test_prometheus_reads_the_score_under_the_objects_own_namespace(
    scraped: tuple[OperatorProcess, str], stage: Stage
) -> None:
    operator, address = scraped
    wanted = (stage.namespace, "organization")
    operator.wait(lambda: wanted in query(address, "posture_target_score_ratio"), "a scrape")
    ratio = operator.value("posture_target_score_ratio", target="organization")
    assert query(address, "posture_target_score_ratio")[wanted] == ratio
    stale = 'posture_condition{type="ScoreCurrent",status="True"} == 0'
    assert query(address, stale) == {}
    stage.kubectl("delete", "posturetarget", "organization")
    operator.wait(lambda: query(address, "posture_target_score_ratio") == {}, "the series to go stale")


def test_promtool_finds_nothing_to_lint(scraped: tuple[OperatorProcess, str]) -> None:
    operator, _ = scraped
    status, page = operator.get("/metrics")
    assert status == 200
    ours = "".join(line for line in page.splitlines(keepends=True) if "posture_" in line)
    checked = subprocess.run(
        [str(tools.find("promtool")), "check", "metrics"],
        input=ours,
        text=True,
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
