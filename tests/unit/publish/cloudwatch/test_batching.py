"""Requests of at most 1,000 metrics and 1 MB, as botocore writes them."""

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.time import SECOND
from posture.publish.cloudwatch.batching import MOST_BYTES, MOST_METRICS, batch, datum
from posture.publish.cloudwatch.ledger import DataPoint
from posture.publish.cloudwatch.metrics import NAMES, Metric, dimension_value
from tests.support.examples import examples
from tests.support.put_metric_data import body_of

texts = st.text(min_size=1, max_size=20) | st.sampled_from(["x" * 900, '"' * 500, "\\" * 400, "ü" * 200])
metrics = st.builds(
    lambda name, values: Metric(name, tuple((f"D{n}", dimension_value(v)) for n, v in enumerate(values))),
    st.sampled_from(NAMES),
    st.lists(texts, min_size=1, max_size=3),
)
points = st.builds(
    DataPoint,
    metrics,
    st.floats(0, 1e6) | st.just(100 / 3),
    st.integers(0, 4_102_444_800).map(SECOND.__mul__),
)


def batches(queued: list[DataPoint]) -> list[list[DataPoint]]:
    found = []
    while queued:
        number = batch(queued)
        found.append(queued[:number])
        queued = queued[number:]
    return found


@examples(30, shrink=False)
@given(st.lists(points, min_size=1, max_size=30), st.integers(1, 100))
def test_each_point_is_in_one_request_that_aws_takes(some: list[DataPoint], times: int) -> None:
    queued = some * times
    found = batches(queued)
    assert [point for each in found for point in each] == queued
    for number, each in enumerate(found):
        size = len(body_of("N" * 255, [datum(point) for point in each]))
        assert 1 <= len(each) <= MOST_METRICS
        assert size <= MOST_BYTES
        # No request is made that would have fitted into the one before.
        if number + 1 < len(found):
            more = [datum(point) for point in [*each, found[number + 1][0]]]
            assert len(each) == MOST_METRICS or len(body_of("N" * 255, more)) > MOST_BYTES * 0.99


def test_a_thousand_and_one_are_two() -> None:
    point = DataPoint(Metric("Score", (("Report", "organization"),)), 50.0, 0)
    assert [len(each) for each in batches([point] * 1001)] == [1000, 1]
