"""The rights by which snapshots are kept in a bucket."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from posture.cli import main
from tests.support.iam_roles import grant

KEY = "arn:aws:kms:eu-west-1:444455556666:key/1"


def printed(tmp_path: Path, **snapshots: str) -> dict[str, list[dict[str, Any]]]:
    file = tmp_path / "posture.yaml"
    document = {"grants": [grant(verbs=["Score"])], "snapshots": snapshots}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = CliRunner().invoke(main, ["iam", "--config", str(file)])
    assert done.exit_code == 0, done.stderr
    return {
        each["name"]: [one for policy in each["policies"] for one in policy["Statement"]]
        for each in json.loads(done.stdout)
    }


@pytest.mark.parametrize("role", [None, "arn:aws:iam::444455556666:role/posture-snapshots"])
def test_a_bucket_is_used_below_its_prefix_alone(tmp_path: Path, role: str | None) -> None:
    named = {"roleArn": role} if role else {}
    found = printed(tmp_path, url="s3://copies/posture/eu", kmsKeyId=KEY, **named)
    statements = found["posture-snapshots" if role else "posture-operator"]
    resources = {each["Sid"]: each["Resource"] for each in statements}
    resources.pop("AssumeRoles", None)
    assert resources == {
        "KeepSnapshots": "arn:aws:s3:::copies/posture/eu/*",
        "FindSnapshots": "arn:aws:s3:::copies",
        "EncryptSnapshots": KEY,
    }


def test_a_directory_needs_no_right(tmp_path: Path) -> None:
    found = printed(tmp_path, url="file:///shared")
    assert [each["Sid"] for each in found["posture-operator"]] == ["AssumeRoles"]
