"""A real Prometheus that scrapes what it is told, and its answers.

It is built from Go's module, which lacks the pages that are built by another toolchain: what it answers is
its API.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sandbox import tools
from sandbox.controlplane.process import Server
from sandbox.waiting import wait_until

_ANSWER_SECONDS = 10


class Alert(NamedTuple):
    """An alert of which the expression holds. `state`: pending or firing."""

    state: str
    labels: Mapping[str, str]
    summary: str

    @property
    def name(self) -> str:
        """The alert's name."""
        return self.labels["alertname"]


class Line(NamedTuple):
    """A series over a time: Unix seconds and values."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


@contextmanager
def prometheus(
    addresses: Sequence[str],
    folder: Path,
    labels: Mapping[str, str] | None = None,
    rules: Sequence[Path] = (),
) -> Iterator[str]:
    """Scrape every second, as the chart's ServiceMonitor has it done; gives the address of the server.

    `labels` are put on every series, `rules` are evaluated every second.
    """
    job = {
        "job_name": "posture",
        "honor_labels": True,
        "static_configs": [{"targets": list(addresses), "labels": dict(labels or {})}],
    }
    config = folder / "prometheus.yaml"
    document = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(each.resolve()) for each in rules],
        "scrape_configs": [job],
    }
    config.write_text(yaml.safe_dump(document), encoding="utf-8")
    server = Server("prometheus", folder / "prometheus.log")
    server.start(
        [
            tools.find("prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--web.listen-address=127.0.0.1:0",
        ]
    )
    try:
        wait_until(
            lambda: all(
                said in server.output() for said in ("Listening on", "ready to receive web requests")
            ),
            "Prometheus to answer",
            seconds=60,
        )
        line = next(line for line in server.output().splitlines() if "Listening on" in line)
        yield line.split("address=")[1].split()[0].strip('"')
    finally:
        server.stop(5)


def query(address: str, expression: str) -> list[tuple[dict[str, str], float]]:
    """Return the labels and the value of each series now; HTTPError where Prometheus does not take it."""
    found = _get(address, "query", query=expression)["result"]
    return [(each["metric"], float(each["value"][1])) for each in found]


def query_range(address: str, expression: str, start: float, end: float, step: float) -> list[Line]:
    """Return each series from `start` to `end` (Unix seconds), a point every `step` seconds where it has one.

    HTTPError where Prometheus does not take the expression.
    """
    found = _get(
        address, "query_range", query=expression, start=f"{start:.3f}", end=f"{end:.3f}", step=f"{step:.3f}"
    )["result"]
    return [
        Line(each["metric"], [(float(moment), float(value)) for moment, value in each["values"]])
        for each in found
    ]


def alerts(address: str) -> list[Alert]:
    """Return the alerts that are pending or firing."""
    found = _get(address, "alerts")["alerts"]
    return [Alert(each["state"], each["labels"], each["annotations"].get("summary", "")) for each in found]


def _get(address: str, path: str, **parameters: str) -> dict[str, Any]:
    url = f"http://{address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
    return data
