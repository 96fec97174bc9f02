"""Points as PutMetricData takes them: up to 1,000 in a request of up to 1 MB (API reference, PutMetricData).

Bytes are those of the body before it is compressed: what AWS measures is not said, and it is the larger one.
"""

import json
from collections.abc import Iterable
from typing import Any

from posture.domain.time import SECOND
from posture.publish.cloudwatch.ledger import DataPoint
from posture.publish.cloudwatch.metrics import SCORE

MOST_METRICS = 1000
MOST_BYTES = 1_000_000
# Namespace and the names of the request's own fields.
_FRAME = 1_000


def datum(point: DataPoint) -> dict[str, Any]:
    """Return a point as the API names it (MetricDatum); its moment as Unix time, to the second."""
    return {
        "MetricName": point.metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in point.metric.dimensions],
        "Timestamp": point.at // SECOND,
        "Value": point.value,
        "Unit": "Percent" if point.metric.name == SCORE else "Count",
    }


def batch(points: Iterable[DataPoint]) -> int:
    """Return how many of the first points go into one request: 1 at least."""
    number, size = 0, _FRAME
    for point in points:
        size += len(json.dumps(datum(point))) + len(", ")
        if number == MOST_METRICS or (number and size > MOST_BYTES):
            break
        number += 1
    return number
