"""A real Prometheus that scrapes what it is told, and its answers."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox import tools
from sandbox.controlplane.process import Server
from sandbox.waiting import wait_until


@contextmanager
def prometheus(
    addresses: Sequence[str], folder: Path, labels: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Scrape every second, as the chart's ServiceMonitor has it done; gives the address of the server."""
    job = {
        "job_name": "posture",
        "honor_labels": True,
        "scrape_interval": "1s",
        "static_configs": [{"targets": list(addresses), "labels": dict(labels or {})}],
    }
    config = folder / "prometheus.yaml"
    config.write_text(yaml.safe_dump({"scrape_configs": [job]}), encoding="utf-8")
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
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=5) as answer:
        result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    return [(each["metric"], float(each["value"][1])) for each in result]
