"""Statuses that somebody else wrote."""

import json
from typing import Any

from sandbox.operator_process import OperatorProcess
from tests.support.e2e.stage import ORGANIZATION, Stage
from tests.support.e2e.targets import SPEC
from tests.support.e2e.truth import expected_scores, shown_scores


def patch_status(stage: Stage, resource: str, name: str, **fields: Any) -> None:
    stage.kubectl(
        "patch", resource, name, "--subresource=status", "--type=merge", "-p", json.dumps({"status": fields})
    )


def agrees(stage: Stage, operator: OperatorProcess, name: str) -> bool:
    expected = expected_scores(stage.cloud, ORGANIZATION, SPEC)
    return shown_scores(operator, name, list(expected)) == expected
