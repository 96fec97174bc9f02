"""The register of exceptions: what is in it, and how it is written down."""

import csv
import io
import json

from posture.cli.exceptions.text import (
    register_as_csv,
    register_as_json,
    register_as_markdown,
    register_as_table,
)
from posture.domain.findings import Finding, Workflow
from posture.suppression.register import RegisteredException, entries, from_status
from tests.support.declarations import VIEW
from tests.support.policies import DAY, NOW, declared, unreadable
from tests.support.rows import finding

TARGET = "security/organization"


def suppressed(number: int, policy: str = "", **fields: object) -> Finding:
    mark = (("posture.dev/owner", "me"), ("posture.dev/policy", policy)) if policy else ()
    return finding(number, workflow=Workflow.SUPPRESSED, user_fields=mark, **fields)


def register(*found: Finding, now: int = NOW) -> list[RegisteredException]:
    return entries(TARGET, found, VIEW, {"security/logs": declared(owner="team-storage")}, now)


def test_findings_of_one_policy_control_and_place_are_one_entry() -> None:
    mine = [suppressed(n, "security/logs") for n in range(3)]
    (entry,) = register(*mine)
    assert (entry.number, entry.control, entry.state) == (3, "S3.1", "Active")
    assert entry.resources == tuple(sorted(each.resources[0].id for each in mine))
    assert (entry.why, entry.approved_by) == (
        "Retention is handled by lifecycle policies",
        "security@example.com",
    )
    assert (entry.since, entry.until) == ("2026-11-01T00:00:00Z", "2027-03-31T00:00:00Z")
    elsewhere = suppressed(9, "security/logs", account_id="444455556666")
    assert [each.number for each in register(*mine, elsewhere)] == [3, 1]
    assert {each.state for each in register(*mine, now=NOW + 365 * DAY)} == {"Expired"}


def test_a_policy_that_only_tells_what_it_would_do_is_no_active_exception() -> None:
    (entry,) = entries(TARGET, [], VIEW, {"security/logs": declared(mode="DryRun")}, NOW)
    assert (entry.number, entry.state) == (0, "DryRun")


def test_what_has_no_policy_is_told_with_its_note() -> None:
    by_hand, orphan, idle = register(
        suppressed(1, note="looks fine"), suppressed(2, "security/gone", note="Suppressed by policy")
    )
    assert (by_hand.state, by_hand.policy, by_hand.why) == ("NoPolicy", "", "looks fine")
    assert (orphan.state, orphan.policy) == ("PolicyMissing", "security/gone")
    assert (idle.policy, idle.number, idle.state) == ("security/logs", 0, "Active")


def test_a_policy_that_cannot_be_read_is_not_missing() -> None:
    odd = unreadable()
    assert odd.policy is None
    (entry,) = entries(
        TARGET, [suppressed(1, "security/logs", note="why")], VIEW, {"security/logs": odd}, NOW
    )
    assert (entry.state, entry.policy, entry.why) == ("PolicyNotRead", "security/logs", "why")
    (told,) = entries(TARGET, [], VIEW, {"security/logs": odd}, NOW)
    assert (told.state, told.number) == ("PolicyNotRead", 0)
    odd.document["status"] = {"suppressed": 7}
    (told,) = from_status(TARGET, {"security/logs": odd}, NOW)
    assert (told.state, told.number, told.evidence) == ("PolicyNotRead", 7, "Status")


def test_accounts_that_the_target_does_not_look_at_are_left_out() -> None:
    other = finding(1, workflow=Workflow.SUPPRESSED)
    other = other._replace(check=other.check._replace(standards=("pci-dss/v/3.2.1",)))
    assert [each.policy for each in register(other)] == ["security/logs"]


def test_without_security_hub_the_status_tells_the_numbers() -> None:
    known = declared()
    known.document["status"] = {"suppressed": 7}
    found = from_status(TARGET, {"security/logs": known}, NOW)
    assert [(each.policy, each.number, each.resources) for each in found] == [("security/logs", 7, ())]


def test_every_format_has_every_entry_and_no_formula() -> None:
    found = register(suppressed(1, note="=cmd()|a\nb"), suppressed(2, "security/logs"))
    rows = list(csv.DictReader(io.StringIO(register_as_csv(found))))
    assert [row["why"] for row in rows] == ["'=cmd()|a\nb", "Retention is handled by lifecycle policies"]
    assert rows[1]["resources"] == "arn:aws:s3:::bucket-2"
    assert [each["approvedBy"] for each in json.loads(register_as_json(found))] == [
        "",
        "security@example.com",
    ]
    assert json.loads(register_as_json(found))[1]["resources"] == ["arn:aws:s3:::bucket-2"]
    assert register_as_markdown(found).count("\n") == 4
    assert "=cmd()\\|a b" in register_as_markdown(found)
    heading, first, _ = register_as_table(found).splitlines()
    assert heading.split()[:3] == ["TARGET", "POLICY", "STATE"]
    assert first.startswith(TARGET)
    assert register_as_table([]).split()[0] == "TARGET"
