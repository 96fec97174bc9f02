"""The roles that `posture iam` prints for grants."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from posture.cli import main

READER = "arn:aws:iam::111122223333:role/posture-reader"
EVERYTHING: dict[str, Any] = {
    "namespaces": ["security"],
    "roleArns": [READER],
    "externalId": "only-between-us",
    "accounts": ["*"],
    "verbs": ["Score", "Suppress", "DisableControls", "Remediate"],
    "disableControls": {"roleNames": ["posture-controls"]},
    "remediation": {"roleNames": ["posture-remediation"], "maxMode": "Enforce", "builtins": ["*"]},
}


def run(tmp_path: Path, grants: Iterable[dict[str, Any]], *arguments: str) -> Result:
    file = tmp_path / "posture.yaml"
    file.write_text(yaml.safe_dump({"grants": list(grants)}), encoding="utf-8")
    return CliRunner().invoke(main, ["iam", "--config", str(file), *arguments])


def roles(tmp_path: Path, *grants: dict[str, Any], arguments: tuple[str, ...] = ()) -> dict[str, Any]:
    done = run(tmp_path, grants, *arguments)
    assert done.exit_code == 0, done.stderr
    return {each["name"]: each for each in json.loads(done.stdout)}


def allowed(role: dict[str, Any]) -> set[str]:
    return {
        action
        for policy in role["policies"]
        for statement in policy["Statement"]
        for action in statement["Action"]
    }


def grant(**changes: Any) -> dict[str, Any]:
    return {**EVERYTHING, **changes}


def remediation(**changes: Any) -> dict[str, Any]:
    return grant(verbs=["Score", "Remediate"], remediation={**EVERYTHING["remediation"], **changes})
