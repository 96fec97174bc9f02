"""The roles of outputs."""

import json
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner

from posture.cli import main
from tests.support.iam_roles import READER, allowed, grant


def of_outputs(tmp_path: Path, grants: list[dict[str, Any]], *outputs: dict[str, Any]) -> dict[str, Any]:
    file = tmp_path / "posture.yaml"
    document = {
        "grants": grants,
        "outputs": {"cloudWatch": [{"region": "eu-west-1", **each} for each in outputs]},
    }
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = CliRunner().invoke(main, ["iam", "--config", str(file)])
    assert done.exit_code == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)}


def putting(*namespaces: str) -> dict[str, Any]:
    return {
        "Sid": "PutMetrics",
        "Effect": "Allow",
        "Action": ["cloudwatch:PutMetricData"],
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": list(namespaces)}},
    }


METRICS = "arn:aws:iam::444455556666:role/posture-metrics"


def test_an_output_puts_metrics_into_its_namespaces_alone(tmp_path: Path) -> None:
    outputs = [
        {"name": "a", "roleArn": METRICS, "metricNamespace": "B"},
        {"name": "b", "roleArn": METRICS, "metricNamespace": "A"},
    ]
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], *outputs)
    metrics = found["posture-metrics"]
    assert (metrics["kind"], metrics["accounts"]) == ("Output", ["444455556666"])
    assert [each["Statement"] for each in metrics["policies"]] == [[putting("A", "B")]]
    # An output sends no external id.
    assert "StringEquals" not in metrics["trustPolicy"]["Statement"][0]["Condition"]
    (assume,) = found["posture-operator"]["policies"][0]["Statement"]
    assert assume["Resource"] == [READER, METRICS]


def test_an_output_without_a_role_is_the_operator_itself(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], {"name": "a"})
    assert putting("SecurityPosture") in found["posture-operator"]["policies"][0]["Statement"]
    assert "cloudwatch:PutMetricData" not in allowed(found["posture-reader"])


def test_an_output_may_share_the_role_of_a_hub(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [grant(verbs=["Score"])], {"name": "a", "roleArn": READER})
    assert list(found) == ["posture-operator", "posture-reader"]
    assert putting("SecurityPosture") in found["posture-reader"]["policies"][0]["Statement"]


def test_outputs_alone_say_where_the_operator_is(tmp_path: Path) -> None:
    found = of_outputs(tmp_path, [], {"name": "a", "roleArn": METRICS})
    assert found["posture-operator"]["accounts"] == ["444455556666"]
