"""The page as Prometheus itself reads it."""

import json
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox import tools
from sandbox.controlplane.process import Server
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import Stage


@pytest.fixture
def scraped(stage: Stage, tmp_path: Path) -> Iterator[tuple[OperatorProcess, str]]:
    """An operator with a current score, and the address of a Prometheus that scrapes it."""
    stage.target()
    operator = stage.operator()
    operator.wait(stage.is_current, "the first exact score", seconds=60)
    job = {
        "job_name": "posture",
        "honor_labels": True,
        "scrape_interval": "1s",
        "static_configs": [{"targets": [operator.address]}],
    }
    config = tmp_path / "prometheus.yaml"
    config.write_text(yaml.safe_dump({"scrape_configs": [job]}), encoding="utf-8")
    server = Server("prometheus", tmp_path / "prometheus.log")
    server.start(
        [
            tools.find("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        ]
    )
    try:
        operator.wait(
            lambda: all(
                said in server.output() for said in ("Listening on", "ready to receive web requests")
            ),
            "Prometheus to answer",
        )
        line = next(line for line in server.output().splitlines() if "Listening on" in line)
        yield operator, line.split("address=")[1].split()[0].strip('"')
    finally:
        server.stop(5)


def query(address: str, expression: str) -> dict[tuple[str, str], float]:
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as answer:
        result = json.load(answer)["data"]["result"]
    return {
        (entry["metric"].get("namespace", ""), entry["metric"].get("target", "")): float(entry["value"][1])
        for entry in result
    }


def test_prometheus_reads_the_score_under_the_objects_own_namespace(
    scraped: tuple[OperatorProcess, str], stage: Stage
) -> None:
    operator, prometheus = scraped
    wanted = (stage.namespace, "organization")
    operator.wait(lambda: wanted in query(prometheus, "posture_target_score_ratio"), "a scrape")
    ratio = operator.value("posture_target_score_ratio", target="organization")
    assert query(prometheus, "posture_target_score_ratio")[wanted] == ratio
    stale = 'posture_condition{type="ScoreCurrent",status="True"} == 0'
    assert query(prometheus, stale) == {}
    stage.kubectl("delete", "posturetarget", "organization")
    operator.wait(lambda: query(prometheus, "posture_target_score_ratio") == {}, "the series to go stale")


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
