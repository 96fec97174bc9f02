"""The page of an operator with something of everything on it, whose counters grow at each scrape."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from posture.publish.prometheus import families
from posture.publish.prometheus.exposition import Exposition, Samples
from posture.publish.prometheus.families import Family

STANDARD = "cis-aws-foundations-benchmark/v/1.4.0"
_TARGET = ("security", "organization")
_HUB = ("hub-1", "111122223333", "eu-west-1")
_OUTPUT = ("posture-metrics", "cloudwatch")
_RULE = ("security", "close-ssh")
_POLICY = ("security", "log-buckets", "organization")


def _scores() -> Samples:
    places: dict[str, list[tuple[str, ...]]] = {
        "target": [_TARGET],
        "standard": [(*_TARGET, STANDARD)],
        "workload": [(*_TARGET, STANDARD, "shop", each) for each in ("production", "staging")],
        "account": [(*_TARGET, STANDARD, each) for each in ("111122223333", "444455556666")],
    }
    values = {"score_ratio": 0.8, "unsuppressed_score_ratio": 0.6, "expected_controls_score_ratio": 0.7}
    return {
        family: [(place, values[metric]) for place in places[scope]]
        for (scope, metric), family in families.SCORES.items()
    }


def _conditions() -> list[tuple[tuple[str, ...], float]]:
    holds = {
        ("PostureTarget", *_TARGET, "Ready"): "True",
        ("PostureTarget", *_TARGET, "ScoreCurrent"): "True",
        ("PostureTarget", "security", "payments", "ScoreCurrent"): "False",
        ("PostureTarget", "security", "payments", "Stalled"): "True",
        ("SuppressionPolicy", "security", "log-buckets", "Ready"): "False",
        ("RemediationRule", *_RULE, "Ready"): "True",
        ("RemediationRule", *_RULE, "CapReached"): "False",
    }
    return [
        ((*about, status), float(status == actual))
        for about, actual in holds.items()
        for status in ("True", "False", "Unknown")
    ]


def _gauges(now: float) -> Samples:
    product = (*_TARGET, "Security Hub", "111122223333")
    return {
        **_scores(),
        families.SCORE_TIMESTAMP: [(_TARGET, now - 60)],
        families.ACCOUNT_INFO: [
            ((*_TARGET, "111122223333", "acme-shop-production", "shop", "production", "team-shop"), 1),
            ((*_TARGET, "444455556666", "acme-shop-staging", "shop", "staging", ""), 1),
        ],
        families.ACCOUNTS: [((*_TARGET, "reporting"), 2), ((*_TARGET, "silent"), 1)],
        families.CONTROLS: [((*_TARGET, STANDARD, "passed"), 30), ((*_TARGET, STANDARD, "failed"), 7)],
        families.CONTROL_STATUS: [((*_TARGET, STANDARD, "S3.1", "failed"), 1)],
        families.FINDINGS_COUNT: [
            ((*product, "critical", "failed"), 2),
            ((*product, "high", "failed"), 5),
            ((*product, "high", "suppressed"), 4),
        ],
        families.FINDINGS_OVERDUE: [((*product, "critical"), 1), ((*product, "high"), 3)],
        families.OBJECTIVE_MINIMUM: [(_TARGET, 0.9)],
        families.CONTROL_FAILED: [((*_TARGET, STANDARD, "S3.1", "critical"), 2)],
        families.TARGET_INFO: [((*_TARGET, "posture-hub-1", "111122223333", "eu-west-1", "SecurityHub"), 1)],
        families.SCORE_DROP: [(_TARGET, 0.01)],
        families.OBJECTIVE_DROP: [(_TARGET, 0.05)],
        families.OBJECTIVE_RESOLVE: [((*_TARGET, "critical"), 86400)],
        families.ESTIMATED_COST: [((*_TARGET, "checks"), 120.5), ((*_TARGET, "ingestion"), 3)],
        families.ESTIMATED_STANDARD_COST: [((*_TARGET, STANDARD), 41)],
        families.INSIGHT_VALUES: [((*_TARGET, "36", "Resources with the most failed security checks"), 12)],
        families.INSIGHT_FINDINGS: [((*_TARGET, "36", "Resources with the most failed security checks"), 40)],
        families.SETUP_CHECK: [((*_TARGET, "hub"), 1), ((*_TARGET, "aggregation"), 0)],
        families.SUPPRESSED_FINDINGS: [(_POLICY, 4)],
        families.SUPPRESSION_DRIFT: [(_POLICY, 1)],
        families.SUPPRESSION_EXPIRY: [(_POLICY, now + 86400)],
        families.SUPPRESSION_REVIEW_DUE: [(_POLICY, now - 86400)],
        families.REMEDIATION_CANDIDATES: [
            ((*_RULE, "organization", "remediate", "planned"), 3),
            ((*_RULE, "organization", "skip", "opted_out"), 2),
        ],
        families.REMEDIATIONS: [
            ((*_RULE, "sg", "failed"), 1),
            ((*_RULE, "sg", "awaiting_approval"), 2),
        ],
        families.CONDITION: _conditions(),
        families.SYNC_LAST_SUCCESS: [(_HUB, now - 30)],
        families.SYNC_DURATION: [(_HUB, 4)],
        families.SYNC_INTERVAL: [(_HUB, 300)],
        families.SYNC_RELIST_ROTATION: [(_HUB, 0)],
        families.SNAPSHOT_TIME: [(_HUB, now - 1800)],
        families.SNAPSHOT_BYTES: [(_HUB, 90_000_000)],
        families.SYNC_PROGRESS: [(_HUB, 1)],
        families.EVENTS_LAG: [(_HUB, 2)],
        families.OUTPUT_QUEUE: [(_OUTPUT, 12)],
        families.OUTPUT_OLDEST: [(_OUTPUT, 40)],
        families.WRITES_FROZEN: [((), 0)],
        families.CONFIG_LAST_RELOAD_SUCCESSFUL: [((), 1)],
        families.LEASES_HELD: [((), 1)],
        families.BUILD_INFO: [(("0.1.0", "3.11"), 1)],
        families.LOOP_LAG: [((), 0.01)],
    }


_COUNTERS: dict[Family, list[tuple[str, ...]]] = {
    families.OUTPUT_SENT: [_OUTPUT],
    families.OUTPUT_FAILED: [(*_OUTPUT, "throttled")],
    families.OUTPUT_DROPPED: [_OUTPUT],
    families.REMEDIATIONS_TOTAL: [(*_RULE, "sg", "failed"), (*_RULE, "sg", "undone")],
    families.SYNC_ERRORS: [(*_HUB, "throttled")],
    families.EVENTS_RECEIVED: [(*_HUB, "stored"), (*_HUB, "unchanged")],
    families.SYNC_CORRECTIONS: [(*_HUB, "missed_finding")],
    families.AWS_REQUESTS: [
        ("securityhub", "GetFindings", "200"),
        ("securityhub", "GetFindings", "TooManyRequestsException"),
    ],
    families.AWS_THROTTLED: [("securityhub", "GetFindings", "TooManyRequestsException")],
}


@contextmanager
def sample_page() -> Iterator[int]:
    """Serve the page; gives the port."""
    scrapes = itertools.count(1)

    def samples() -> Samples:
        count = float(next(scrapes))
        counters = {family: [(labels, count) for labels in each] for family, each in _COUNTERS.items()}
        return {**_gauges(time.time()), **counters}

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    exposition = Exposition(samples, process=registry)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exposition.page().plain
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the page is asked for every second."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    serving = Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
