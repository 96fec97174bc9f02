"""What CloudWatch is told of a target."""

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.scoring.scores import Method
from posture.publish.cloudwatch.metrics import NAMES, Metric, MetricLevel, dimension_value, readings_of
from tests.support.examples import examples
from tests.support.published import STANDARD, evaluation

texts = st.text(max_size=30) | st.sampled_from(
    ["", "-", " ", "  ", ":", "::a", "a:", "\\", "\\\\", "é", "\\xe9", "\x7f", "\n", r"\x2d", "x" * 1500]
)


@examples(500)
@given(texts, texts)
def test_each_text_is_another_value_that_aws_takes(one: str, other: str) -> None:
    value = dimension_value(one)
    assert 1 <= len(value) <= 1024
    assert value.isascii()
    assert value.isprintable()
    assert value.strip()
    assert not value.startswith(":")
    assert (value == dimension_value(other)) == (one == other)


def test_usual_names_are_written_as_they_are() -> None:
    assert dimension_value("organization/aws-foundational-security-best-practices/v/1.0.0 (EU)") == (
        "organization/aws-foundational-security-best-practices/v/1.0.0 (EU)"
    )
    assert dimension_value("café") == r"caf\xe9"
    assert dimension_value("") == "-"


def test_all_of_a_target() -> None:
    found = readings_of("t", evaluation(3, 0), Method.SECURITY_HUB, pooled=True)
    assert {key: len(readings) for key, readings in found.items()} == {
        (level, name): 2 if level is MetricLevel.WORKLOAD else 1 for level in MetricLevel for name in NAMES
    }
    (score,) = found[MetricLevel.TARGET, "Score"]
    assert score == (Metric("Score", (("Report", "t"),)), 100 * 4 / 7)
    (findings,) = found[MetricLevel.STANDARD, "Findings"]
    assert findings == (Metric("Findings", (("Report", f"t/{STANDARD}"),)), 6.0)
    worst, _ = found[MetricLevel.WORKLOAD, "Findings"]
    dimensions = (("Report", f"t/{STANDARD}"), ("Workload", "app0-test"), ("Environment", "test"))
    assert worst == (Metric("Findings", dimensions), 6.0)


def test_a_target_whose_standards_are_not_all_there_has_no_number_of_its_own() -> None:
    found = readings_of("t", evaluation(3), Method.SECURITY_HUB, pooled=False)
    assert not any(found[MetricLevel.TARGET, name] for name in NAMES)
    assert found[MetricLevel.STANDARD, "Score"]


def test_where_there_is_no_score_there_is_nothing() -> None:
    found = readings_of("t", evaluation(), Method.SECURITY_HUB, pooled=True)
    assert not any(found.values())


def test_the_score_is_by_the_method_of_the_target_and_controls_are_those_with_data() -> None:
    found = readings_of("t", evaluation(3), Method.EXPECTED_CONTROLS, pooled=True)
    assert found[MetricLevel.TARGET, "Score"][0].value == 100 * 4 / 7
    assert found[MetricLevel.TARGET, "Controls"][0].value == 7
