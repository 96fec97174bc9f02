"""Pictures of the dashboards, of what the Prometheus of the demo has scraped."""

import json
import time
from pathlib import Path
from typing import Any

from demo.scenes import HERE, say
from deploy.grafana.generate import DASHBOARDS, PLAIN
from deploy.grafana.panel import Dashboard
from deploy.grafana.picture.answers import Series, Source
from deploy.grafana.picture.dashboard import picture
from sandbox import prometheus
from sandbox.waiting import wait_until

INTERVAL = "15s"
"""For rates: scrapes are a second apart."""
CHOSEN = {"posture-workload": {"target": "payments", "workload": "payments"}}
OVERVIEW = "overview"
"""The first two rows of the first dashboard: what a score is, and that it moves."""
_MOVES = "max_over_time(posture_target_score_ratio[10s]) > min_over_time(posture_target_score_ratio[10s])"
_POINTS = 200


def source(address: str, began: float) -> Source:
    """Ask the Prometheus at this address, about now and about the time from `began` (Unix seconds) on."""
    end = time.time()
    step = max(1.0, (end - began) / _POINTS)

    def now(expression: str) -> list[Series]:
        return [Series(labels, [(end, value)]) for labels, value in prometheus.query(address, expression)]

    def over_time(expression: str) -> list[Series]:
        return [Series(*each) for each in prometheus.query_range(address, expression, began, end, step)]

    return Source(now, over_time, (began, end))


def draw(address: str, began: float, folder: Path) -> None:
    """Draw each dashboard into a file of the folder. Raises TimeoutError where scores do not stand still."""
    say(f"Pictures of the dashboards in {folder}")
    # So that the last change is seen to have been one.
    wait_until(lambda: not prometheus.query(address, _MOVES), "scores that stand still", seconds=60)
    folder.mkdir(parents=True, exist_ok=True)
    answering = source(address, began)
    for each in DASHBOARDS:
        document = _document(each)
        drawn = picture(document, answering, interval=INTERVAL, chosen=CHOSEN.get(each.uid))
        _write(folder / f"{each.uid}.svg", drawn)
    first = _document(DASHBOARDS[0])
    _write(folder / f"{OVERVIEW}.svg", picture(first, answering, interval=INTERVAL, rows=2))


def _document(dashboard: Dashboard) -> dict[str, Any]:
    text = (HERE.parent / PLAIN / f"{dashboard.uid}.json").read_text(encoding="utf-8")
    made: dict[str, Any] = json.loads(text)
    return made


def _write(path: Path, drawn: str) -> None:
    path.write_text(drawn, encoding="utf-8")
    print(path, flush=True)
