"""Each alert fires when it must, stays silent when it must, and resolves: by promtool."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox import tools
from tests.support.alert_cases import exceptions, operator, remediation, score, sync
from tests.support.alert_cases.series import BUILD, CANDIDATES, FIVE, HUB, POD, POLICY, TARGET, condition
from tests.support.rule_tests import RULES, Case, promtool, run

ROOT = Path(__file__).parents[3]
CASES = (*operator.CASES, *sync.CASES, *score.CASES, *exceptions.CASES, *remediation.CASES)

HEALTHY = {
    BUILD: "1",
    f"posture_leases_held{{{POD}}}": "1",
    f"process_start_time_seconds{{{POD}}}": "1",
    f"posture_event_loop_lag_seconds{{{POD}}}": "0.01",
    f"posture_config_last_reload_successful{{{POD}}}": "1",
    f"posture_writes_frozen{{{POD}}}": "0",
    f"posture_sync_interval_seconds{{{HUB}}}": "300",
    f"posture_sync_progress_ratio{{{HUB}}}": "1",
    condition("ScoreCurrent", "True"): "1",
    condition("Ready", "True"): "1",
    condition("Ready", "Unknown"): "0",
    condition("Stalled", "True"): "0",
    f"posture_target_score_ratio{{{TARGET}}}": "0.95",
    f"posture_target_unsuppressed_score_ratio{{{TARGET}}}": "0.92",
    f"posture_objective_minimum_score_ratio{{{TARGET}}}": "0.9",
    f"posture_objective_max_drop_ratio{{{TARGET}}}": "0.05",
    f'posture_accounts{{{TARGET},state="silent"}}': "0",
    f"posture_suppression_drift{{{POLICY}}}": "0",
    f"posture_suppression_expiry_timestamp_seconds{{{POLICY}}}": "99999999",
    f"posture_suppression_review_due_timestamp_seconds{{{POLICY}}}": "99999999",
    f'{CANDIDATES},decision="remediate",reason="planned"}}': "0",
}


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{case.alert}" for n, case in enumerate(CASES)])
def test_it_fires_stays_silent_and_resolves(case: Case, tmp_path: Path) -> None:
    assert not run(case, tmp_path)


def test_every_alert_is_tried_before_while_and_after() -> None:
    whole = {
        case.alert
        for case in CASES
        if not case.expected[0][1] and not case.expected[-1][1] and any(fires for _, fires in case.expected)
    }
    assert whole == set(RULES)


def test_nothing_fires_where_all_is_well(tmp_path: Path) -> None:
    series = [{"series": name, "values": f"{value}x2900"} for name, value in HEALTHY.items()]
    # Polled every five minutes.
    series.append({"series": f"posture_sync_last_success_timestamp_seconds{{{HUB}}}", "values": "0+300x2900"})
    series.append({"series": f'posture_sync_errors_total{{{HUB},reason="throttled"}}', "values": "7x2900"})
    alerts: list[dict[str, Any]] = [
        {"eval_time": at, "alertname": name, "exp_alerts": []} for at in ("12h", "9d") for name in RULES
    ]
    assert not promtool(list(RULES.values()), [{"series": series, "alerts": alerts, "step": FIVE}], tmp_path)


def test_promtool_finds_nothing_to_lint() -> None:
    done = subprocess.run(
        [
            *(tools.find("promtool"), "check", "rules", "--lint=all", "--lint-fatal"),
            ROOT / "deploy" / "prometheus" / "alerts.yaml",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
