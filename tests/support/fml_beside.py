"""What awsfindingsmanagerlib itself selects: the program that runs in its own environment.

Reads cases of rules and findings as JSON from standard input. Writes for each case: for each rule the Ids of
the findings that match it, null where the library refuses the rule; and, by a manager that all rules were
registered with, the Ids of the findings that any of them matches, null where it refuses one. Imports nothing
of this project.
"""

import json
import sys
from typing import Any

from awsfindingsmanagerlib import (  # type: ignore[import-not-found] # only there it is installed
    FindingsManager,
)
from awsfindingsmanagerlib.awsfindingsmanagerlib import (  # type: ignore[import-not-found]
    Finding,
    Rule,
)


class _Offline(FindingsManager):  # type: ignore[misc] # it has no types
    def _describe_ec2_regions(self) -> list[dict[str, str]]:
        return [{"RegionName": "eu-west-1"}]

    @staticmethod
    def _get_ec2_client(_: str) -> None:
        return None

    @staticmethod
    def _get_sts_client() -> None:
        return None


def _by_rule(rule: dict[str, Any], findings: list[dict[str, Any]]) -> list[str] | None:
    try:
        read = Rule(**rule)
        return [each["Id"] for each in findings if Finding(each).is_matching_rule(read)]
    except Exception:  # noqa: BLE001 - whatever the library, or an expression, does not take
        return None


def _by_manager(rules: list[dict[str, Any]], findings: list[dict[str, Any]]) -> list[str] | None:
    manager = _Offline(region="eu-west-1")
    try:
        manager.register_rules(rules)
        return [
            each["Id"] for each in findings if manager.validate_finding_on_matching_rules(each) is not None
        ]
    except Exception:  # noqa: BLE001 - as above
        return None


if __name__ == "__main__":
    json.dump(
        [
            {
                "rules": [_by_rule(rule, case["findings"]) for rule in case["rules"]],
                "all": _by_manager(case["rules"], case["findings"]),
            }
            for case in json.load(sys.stdin)
        ],
        sys.stdout,
    )
