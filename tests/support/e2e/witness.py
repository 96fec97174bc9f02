"""Someone who looks at the metrics page all the time, and knows what was true when."""

import time
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION
from tests.support.e2e.targets import SPEC
from tests.support.e2e.truth import Labels, expected_scores

Scores = dict[str, dict[Labels, float]]

TIMESTAMP = "posture_score_timestamp_seconds"
# The moment of a score is taken from a Date header, which has whole seconds.
ROUNDING = 1.5


class Picture(NamedTuple):
    """Every score that was right, until a moment (seconds since the epoch; None: it still is)."""

    scores: Scores
    until: float | None


class Witness:
    """Holds the page of one target against the oracle's numbers at each moment of a test.

    Between the moments that it is told of, nothing changes in the cloud.
    """

    def __init__(self, cloud: Cloud, operator: OperatorProcess, target: str) -> None:
        self._cloud = cloud
        self._operator = operator
        self._target = target
        self._past: list[Picture] = []
        self._now = self._true()
        self._latest = 0

    def _true(self) -> Scores:
        return expected_scores(self._cloud, ORGANIZATION, SPEC)

    def change(self, *mutations: dict[str, object]) -> None:
        """Change the cloud at one stroke; what was true before is the past from now on."""
        until = time.time()
        self._cloud.control.mutate(*mutations)
        self._past.append(Picture(self._now, until))
        self._now = self._true()
        moved = [name for name, scores in self._now.items() if scores != self._past[-1].scores[name]]
        assert len(moved) > 4, "a picture of which a part is old would not be noticed"

    def sees_now(self) -> bool:
        """Whether the page shows what is true now, all of it. Fails where it shows what never was."""
        return self._look() == self._now

    def sees_the_past(self) -> bool:
        """Whether the page shows a part of what was true before. Fails where it shows what never was."""
        shown = self._look()
        return any(shown.values()) and not _part_of(shown, self._now)

    def sees_nothing(self) -> bool:
        """Whether the page has no score."""
        return not any(self._look().values())

    def _look(self) -> Scores:
        shown, timestamp = self._page()
        if not any(shown.values()):
            return shown
        known = [*self._past, Picture(self._now, None)]
        fitting = [at for at, picture in enumerate(known) if _part_of(shown, picture.scores)]
        assert fitting, "\n".join(["these numbers were never true:", *_differences(shown, self._now)])
        assert fitting[-1] >= self._latest, "an older score came back"
        self._latest = next(at for at in fitting if at >= self._latest)
        until = known[fitting[-1]].until
        assert timestamp is not None
        assert until is None or timestamp <= until + ROUNDING, "an old score is passed off as a later one"
        return shown

    def _page(self) -> tuple[Scores, float | None]:
        """Read the page once: two readings might be of two pictures."""
        shown: Scores = {name: {} for name in self._now}
        timestamp = None
        status, text = self._operator.get("/metrics")
        for family in text_string_to_metric_families(text if status == 200 else ""):
            for sample in family.samples:
                if sample.labels.get("target") != self._target:
                    continue
                labels = frozenset(
                    (k, v) for k, v in sample.labels.items() if k not in {"namespace", "target"}
                )
                if sample.name in shown:
                    shown[sample.name][labels] = sample.value
                elif sample.name == TIMESTAMP:
                    timestamp = sample.value
        return shown, timestamp


def _differences(shown: Scores, true: Scores) -> list[str]:
    return [
        f"{name}{dict(labels)}: {value}, not {true[name].get(labels)}"
        for name, scores in shown.items()
        for labels, value in scores.items()
        if value != true[name].get(labels)
    ]


def _part_of(shown: Scores, whole: Scores) -> bool:
    return all(scores.items() <= whole[name].items() for name, scores in shown.items())
