"""When alerts on the operator itself fire, and when not."""

from tests.support.alert_cases.series import BUILD, FIVE, HUB, HUB_LABELS, HUB_NAME, JOB, OTHER_POD, POD
from tests.support.rule_tests import Case, Fires, gone, steps

_OUTPUT = 'output="soc",kind="splunk"'
_OF_OUTPUT = {**JOB, "output": "soc", "kind": "splunk"}

CASES = (
    Case(
        "PostureOperatorDown",
        {BUILD: f"{steps(1, '20m')} {gone('40m')} {steps(1, '60m')}"},
        [
            ("19m", []),
            ("29m", []),
            ("40m", [Fires("No replica of Posture Operator is scraped.")]),
            ("61m", []),
        ],
    ),
    Case(
        "PostureNoReplicaWorks",
        {
            f"posture_leases_held{{{POD}}}": f"{steps(2, '30m')} {steps(0, '60m')} {steps(1, '60m')}",
            f"posture_leases_held{{{OTHER_POD}}}": steps(0, "150m"),
        },
        [
            ("29m", []),
            ("39m", []),
            (
                "45m",
                [Fires("Replicas of posture run, and none works on a Security Hub any more.", JOB)],
            ),
            ("95m", []),
        ],
    ),
    # A cluster in which nothing was ever declared.
    Case("PostureNoReplicaWorks", {f"posture_leases_held{{{POD}}}": steps(0, "120m")}, [("119m", [])]),
    Case(
        "PostureTwoReleases",
        {
            f"posture_sync_last_success_timestamp_seconds{{{HUB},{POD}}}": steps(1, "120m"),
            f"posture_sync_last_success_timestamp_seconds{{{HUB},{OTHER_POD}}}": (
                f"{gone('10m')} {steps(1, '40m')} {gone('70m')}"
            ),
        },
        [
            ("24m", []),
            ("26m", [Fires(f"2 processes poll Security Hub {HUB_NAME}.", HUB_LABELS)]),
            ("56m", []),
        ],
    ),
    # Releases that watch different namespaces may look at one Security Hub: by Leases of different names.
    Case(
        "PostureTwoReleases",
        {
            f"posture_sync_last_success_timestamp_seconds{{{HUB},{POD}}}": steps(1, "60m"),
            f"posture_sync_last_success_timestamp_seconds{{{HUB.replace('hub-1', 'hub-2')},{OTHER_POD}}}": (
                steps(1, "60m")
            ),
        },
        [("59m", [])],
    ),
    Case(
        "PostureTwoVersions",
        {
            f'posture_build_info{{version="1",{POD}}}': f"{steps(1, '120m')} {gone('60m')}",
            f'posture_build_info{{version="2",{OTHER_POD}}}': f"{gone('30m')} {steps(1, '150m')}",
            f'posture_build_info{{version="3",{OTHER_POD.replace("job=", "cluster=")}}}': steps(1, "180m"),
        },
        [
            ("60m", []),
            ("95m", [Fires("2 versions of posture run side by side.", JOB)]),
            ("126m", []),
        ],
    ),
    Case(
        "PostureRestarts",
        {
            f"process_start_time_seconds{{{POD}}}": f"1x9 2x9 3x9 4x9 5x9 {steps(6, '120m')}",
            BUILD: steps(1, "170m"),
            'process_start_time_seconds{namespace="posture",job="another",instance="a:8080"}': "0+1x170",
        },
        [
            ("39m", []),
            ("58m", [Fires("Replicas of posture have restarted 5 times within an hour.", JOB)]),
            ("115m", []),
        ],
    ),
    Case(
        "PostureEventLoopLate",
        {
            f"posture_event_loop_lag_seconds{{{POD}}}": f"0.1x9 3x29 {steps(0.1, '60m')}",
            f"posture_event_loop_lag_seconds{{{OTHER_POD}}}": "1.9x99",
        },
        [
            ("24m", []),
            (
                "26m",
                [Fires("The event loop of a:8080 is 3s late.", {**JOB, "instance": "a:8080"})],
            ),
            ("41m", []),
        ],
    ),
    Case(
        "PostureConfigInvalid",
        {
            f"posture_config_last_reload_successful{{{POD}}}": "1x9 0x19 1x30",
            f"posture_config_last_reload_successful{{{OTHER_POD}}}": "1x60",
        },
        [
            ("14m", []),
            ("16m", [Fires("The configuration file of posture cannot be used.", JOB)]),
            ("31m", []),
        ],
    ),
    Case(
        "PostureWritesFrozen",
        {f"posture_writes_frozen{{{POD}}}": f"{steps(1, '25h', 5)} {steps(0, '5h', 5)}"},
        [
            ("23h", []),
            ("1450m", [Fires("Writes of posture have been frozen for a day.", JOB)]),
            ("26h", []),
        ],
        step=FIVE,
    ),
    Case(
        "PostureOutputLate",
        {f"posture_output_oldest_seconds{{{_OUTPUT},{POD}}}": f"{steps(0, '10m')} {steps(1200, '30m')} 0x20"},
        [
            ("9m", []),
            ("15m", []),
            ("25m", [Fires("The output soc has not sent what is 20m 0s old.", _OF_OUTPUT)]),
            ("50m", []),
        ],
    ),
    Case(
        "PostureOutputDropped",
        {f"posture_output_dropped_total{{{_OUTPUT},{POD}}}": f"{steps(0, '10m')} {steps(60, '120m')}"},
        [
            ("9m", []),
            ("15m", [Fires("The output soc has dropped what was to be sent.", _OF_OUTPUT)]),
            ("90m", []),
        ],
    ),
    # One that always fails now and then, and sends all the same.
    Case(
        "PostureOutputFailing",
        {
            f'posture_output_failed_total{{{_OUTPUT},reason="splunk_busy",{POD}}}': "0+1x60",
            f"posture_output_sent_total{{{_OUTPUT},{POD}}}": "0+100x60",
        },
        [("50m", [])],
    ),
    Case(
        "PostureOutputFailing",
        {
            f'posture_output_failed_total{{{_OUTPUT},reason="invalid_token",{POD}}}': "0x10 0+1x30 30x50",
            f"posture_output_sent_total{{{_OUTPUT},{POD}}}": "100x90",
        },
        [
            ("10m", []),
            ("30m", [Fires("The output soc fails and sends nothing.", _OF_OUTPUT)]),
            ("80m", []),
        ],
    ),
)
