"""The templates of rule and queue: what their tools find wrong, and that both make the same."""

from pathlib import Path

import hcl2
from cfnlint.api import lint_all
from cfnlint.decode import decode_str

_FOLDER = Path(__file__).parents[3] / "deploy" / "events"
_PATTERN = {"source": ["aws.securityhub"], "detail-type": ["Security Hub Findings - Imported"]}
_SAME = {
    "AWS::KMS::Key": "aws_kms_key",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
}


def test_cloudformation_finds_nothing_wrong() -> None:
    text = (_FOLDER / "posture-events.yaml").read_text("utf-8")
    assert [each for each in lint_all(text) if not each.rule.id.startswith("I")] == []


def test_both_make_the_same() -> None:
    template, matches = decode_str((_FOLDER / "posture-events.yaml").read_text("utf-8"))
    assert matches == []
    resources = template["Resources"]
    kinds = [each["Type"] for each in resources.values()]
    text = (_FOLDER / "posture-events.tf").read_text("utf-8")
    module = hcl2.loads(text)
    made = [kind.strip('"') for each in module["resource"] for kind in each if kind[0] != "_"]
    assert {terraform: made.count(terraform) for terraform in _SAME.values()} == {
        terraform: kinds.count(cloudformation) for cloudformation, terraform in _SAME.items()
    }
    # Without the detail-type the events of the new Security Hub come too.
    assert resources["Rule"]["Properties"]["EventPattern"] == _PATTERN
    for name in (*_PATTERN["source"], *_PATTERN["detail-type"], "aws:SourceArn", "kms:GenerateDataKey"):
        assert f'"{name}"' in text
    (statement,) = resources["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}}
