"""What the metrics page must say, worked out by the oracle from the emulator's own findings."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.cloud import Cloud
from sandbox.operator_process import OperatorProcess
from sandbox.organization import Organization
from sandbox.securityhub.catalogue import STANDARDS
from tests.support import oracle

Labels = frozenset[tuple[str, str]]


def hub_of(organization: Organization) -> dict[str, Any]:
    """Return the organization's hub as the oracle takes it."""
    off = set(organization.disabled_controls)
    return {
        "account": organization.administrator,
        "region": organization.regions[0],
        "members": {account.id: account.name for account in organization.accounts()},
        "standards": {
            name: {
                "complete": True,
                "controls": [
                    {
                        "id": control.id,
                        "enabled": (name, control.id) not in off,
                        "numbers": list(control.numbers[name]),
                    }
                    for control in STANDARDS[name].controls()
                ],
            }
            for name in organization.standards
        },
    }


def enabled_standards(organization: Organization) -> list[dict[str, Any]]:
    """Return what a target's status must say of the standards that are enabled in its hub."""
    return [
        {
            "standard": name,
            "controls": len(standard["controls"]),
            "enabledControls": sum(control["enabled"] for control in standard["controls"]),
        }
        for name, standard in sorted(hub_of(organization)["standards"].items())
    ]


def expected_scores(
    cloud: Cloud,
    organization: Organization,
    spec: dict[str, Any],
    tags: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, dict[Labels, float]]:
    """Return every score that the page must show: name → labels but namespace and target → ratio.

    `tags`: of the accounts whose tags are known, by id.
    """
    hub = {**hub_of(organization), "organization": {"accounts": {}, "tags": tags or {}}}
    truth = oracle.scores(cloud.control.findings(), spec, hub, datetime.now(UTC))
    scopes: dict[str, list[tuple[dict[str, str], dict[str, Any]]]] = {
        "target": [({}, truth["target"])],
        "standard": [({"standard": name}, found) for name, found in truth["standards"].items()],
        "workload": [
            ({"standard": standard, "workload": workload, "environment": environment}, found)
            for (standard, workload, environment), found in truth["workloads"].items()
        ],
        "account": [
            ({"standard": standard, "account_id": account}, found)
            for (standard, account), found in truth["accounts"].items()
        ],
    }
    suffixes = {"aws": "score", "unsuppressed": "unsuppressed_score", "expected": "expected_controls_score"}
    return {
        f"posture_{scope}_{suffix}_ratio": {
            frozenset(labels.items()): found[method][0] / found[method][1]
            for labels, found in entries
            if found[method] is not None
        }
        for scope, entries in scopes.items()
        for method, suffix in suffixes.items()
    }


def shown_scores(operator: OperatorProcess, target: str, names: list[str]) -> dict[str, dict[Labels, float]]:
    """Return what the page shows under these names for a target."""
    shown: dict[str, dict[Labels, float]] = {}
    for name in names:
        shown[name] = {
            frozenset(
                (k, v) for k, v in series.labels.items() if k not in {"namespace", "target"}
            ): series.value
            for series in operator.series(name, target=target)
        }
    return shown
