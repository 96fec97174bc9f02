"""A target as most tests declare it."""

from typing import Any

from tests.support.e2e.stage import CIS_1_4, FSBP, PATTERN

SPEC: dict[str, Any] = {
    "source": {"securityStandards": {"standards": [FSBP, CIS_1_4]}},
    "grouping": {"accountNamePattern": PATTERN, "defaultEnvironment": "production"},
}


FAILED = {"ComplianceStatus": [{"Comparison": "EQUALS", "Value": "FAILED"}]}
