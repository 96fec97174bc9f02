"""Whatever is asked of AWS is among the rights."""

import ast
from collections.abc import Iterable
from pathlib import Path

import botocore.session

from posture.cli.iam import rights

POSTURE = Path(__file__).parents[4] / "operator" / "posture"


def test_whatever_is_asked_of_organizations_is_among_the_rights() -> None:
    asked = asked_of("organizations", POSTURE.glob("aws/organizations/*.py"))
    assert {f"organizations:{each}" for each in asked} == set(rights.READ_ORGANIZATION)


def test_whatever_is_asked_of_an_aggregator_is_among_the_rights() -> None:
    asked = asked_of("config", POSTURE.glob("aws/config/client.py"))
    assert {f"config:{each}" for each in asked} == {*rights.READ_CONFIG}


def test_whatever_is_asked_of_security_hub_is_among_the_rights() -> None:
    globs = ("aws/securityhub/*.py", "suppression/**/*.py", "cli/check/*.py")
    asked = asked_of("securityhub", (file for pattern in globs for file in POSTURE.glob(pattern)))
    listed = (
        rights.READ_HUB,
        rights.CHANGE_FINDINGS,
        rights.READ_HISTORY,
        rights.SWITCH_CONTROLS,
        rights.READ_CONTROLS,
    )
    # IAM knows it as GetFindings (API reference, GetFindingsV2).
    asked.discard("GetFindingsV2")
    assert {f"securityhub:{each}" for each in asked} <= {action for actions in listed for action in actions}
    assert len(asked) > 10


def asked_of(service: str, files: Iterable[Path]) -> set[str]:
    """The operations of a service that are named in these files."""
    operations = set(botocore.session.get_session().get_service_model(service).operation_names)
    asked: set[str] = set()
    for file in files:
        constants = (
            node.value
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Constant)
        )
        asked |= {each for each in constants if isinstance(each, str) and each in operations}
    return asked
