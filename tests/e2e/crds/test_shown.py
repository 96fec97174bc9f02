"""What kubectl shows and says of the kinds."""

from itertools import count
from pathlib import Path

import yaml

from posture.api.crds import KINDS
from posture.api.remediation import Remediation
from posture.api.remediation_rule import RemediationRule
from posture.api.suppression_policy import SuppressionPolicy
from posture.api.targets.kind import PostureTarget
from sandbox.waiting import wait_until
from tests.support.api.objects import (
    ABSENT,
    changed,
    maximal,
    minimal,
    whole,
)
from tests.support.e2e.kinds import Server, write_status


def test_columns_of_targets(server: Server) -> None:
    server.create(PostureTarget, minimal(PostureTarget), name="organization")
    write_status(server, PostureTarget, "organization")
    narrow, wide = server.table("pt"), server.table("pt", "-o", "wide")
    columns = ["NAME", "SCORE", "FAILED", "CRITICAL", "OVERDUE", "CURRENT", "READY", "SYNCED", "AGE"]
    assert narrow[0] == columns
    assert narrow[1][:7] == ["organization", "69", "12", "2", "3", "False", "True"]
    assert all(age.endswith(("s", "m", "h", "d")) for age in narrow[1][7:])
    assert wide[0] == [*columns, "METHOD", "ACCOUNTS", "FINDINGS", "SUPPRESSED", "REASON"]
    assert wide[1][9:] == ["SecurityHub", "21", "1000", "7", "Throttled"]


def test_columns_of_policies(server: Server) -> None:
    server.create(SuppressionPolicy, minimal(SuppressionPolicy))
    write_status(server, SuppressionPolicy, "example")
    table = server.table("spol")
    assert table[0] == ["NAME", "TARGET", "MATCHED", "SUPPRESSED", "EXPIRES", "REVIEW", "READY", "AGE"]
    end, review = "2027-03-31T00:00:00Z", "2026-11-29T06:00:00Z"
    assert table[1][:-1] == ["example", "organization", "12", "10", end, review, "True"]


def test_columns_of_rules_and_their_journal(server: Server) -> None:
    server.create(RemediationRule, minimal(RemediationRule), name="builtin")
    server.create(RemediationRule, maximal(RemediationRule), name="ssm")
    write_status(server, RemediationRule, "builtin")
    table = server.table("rrule")
    columns = "NAME TARGET MODE ACTION CANDIDATES PENDING SUCCEEDED FAILED SKIPPED READY AGE"
    assert table[0] == columns.split()
    action = "s3-account-block-public-access"
    assert table[1][:-1] == ["builtin", "organization", "DryRun", action, "9", "1", "2", "3", "4", "True"]
    assert table[2][3] == "AWS-DisablePublicAccessForSecurityGroup"

    server.create(Remediation, minimal(Remediation))
    write_status(server, Remediation, "example")
    journal = server.table("rem")
    assert journal[0] == ["NAME", "RULE", "ACCOUNT", "RESOURCE", "STATE", "AGE"]
    resource = "AWS::::Account:111122223333"
    assert journal[1][:-1] == ["example", "block-public-access", "111122223333", resource, "Succeeded"]


def test_one_category_shows_all_kinds(server: Server, tmp_path: Path) -> None:
    for kind in KINDS:
        server.create(kind, minimal(kind))
    wanted = sorted(f"{kind.__name__.lower()}.posture.dev/example" for kind in KINDS)
    looks = count()

    def names() -> list[str]:
        # Discovery follows the CRDs by a moment, and kubectl remembers it: each look is without memory.
        memory = f"--cache-dir={tmp_path / str(next(looks))}"
        shown = server.plane.kubectl(
            "get", "posture", "-n", server.namespace, "-o", "name", memory, check=False
        )
        return sorted(shown.stdout.split())

    wait_until(lambda: names() == wanted, f"exactly {wanted} to be shown", seconds=20)


def test_kubectl_says_in_plain_words_what_to_write(server: Server, tmp_path: Path) -> None:
    spec = changed(minimal(SuppressionPolicy), "suppressFindings.match", [{}])
    spec = changed(spec, "approvedBy", ABSENT)
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump(whole(SuppressionPolicy, spec, namespace=server.namespace)), "utf-8")
    refused = server.plane.kubectl("apply", "-f", str(file), check=False)
    assert refused.returncode == 1
    assert "spec.approvedBy: Required value" in refused.stderr


def test_wait_and_explain_know_the_kinds(server: Server) -> None:
    server.create(PostureTarget, minimal(PostureTarget))
    write_status(server, PostureTarget, "example")
    server.plane.kubectl(
        "wait", "pt/example", "-n", server.namespace, "--for=condition=Ready", "--timeout=5s"
    )
    explained = server.plane.kubectl("explain", "posturetarget.spec.aws.region").stdout
    assert "best the aggregation Region" in explained
