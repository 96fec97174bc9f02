"""What is in place, what is not perfect, and what is asked of whom."""

from pathlib import Path

from posture.cli.check.result import CheckStatus, is_failed
from sandbox.cloud import Cloud
from tests.support.checked import ADMINISTRATOR, READING, check, target
from tests.support.e2e.stage import FSBP


async def test_where_all_is_well_nothing_is_wrong_and_nothing_is_written(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.control.members(configuration_type="CENTRAL")
    found = await check(tmp_path)
    assert (found.named(CheckStatus.FAILED), found.named(CheckStatus.WARNING)) == (set(), set())
    unknown = found.named(CheckStatus.UNKNOWN)
    # moto has no such role; no operator tells anything of the target.
    assert {each for each in unknown if not each.startswith("fact/")} == {"update-findings", "told"}
    # Nothing of V2, queues and prices can be told by reading; the rest may lack a finding that shows it.
    untold = {
        "v2-exposures",
        "v2-suppression",
        "next-token-lifetime",
        "archival-event",
        "event-account",
        "prices",
        "queue-size",
        "recorder-price",
        # No aggregator is there.
        "aggregator-accounts",
        "organization-rule-name",
    }
    shown_by_some = {"archival-updates", "note-filter", "note-keeps-time"}
    facts = {each.removeprefix("fact/") for each in unknown if each.startswith("fact/")}
    assert untold <= facts <= untold | shown_by_some
    assert found["delegated-administrator"].message.startswith("this account is the delegated administrator")
    assert found["member-role/posture-controls"].message == "it can be assumed in 9 accounts"
    assert all(each.advice for each in found.results if each.status is CheckStatus.FAILED)
    made = {each["operation"] for each in cloud.control.calls()["counts"]}
    assert {each for each in made if not each.startswith(READING)} == set()
    assert cloud.writes() == []


async def test_an_account_that_administers_nobody_is_told_who_does(cloud: Cloud, tmp_path: Path) -> None:
    member = next(each for each in cloud.control.members() if each != ADMINISTRATOR)
    found = await check(tmp_path, target(role_arn=f"arn:aws:iam::{member}:role/posture-reader"))
    assert found.named(CheckStatus.FAILED) == set()
    assert found["delegated-administrator"].status is CheckStatus.WARNING
    assert ADMINISTRATOR in found["delegated-administrator"].message
    assert found["central-configuration"].status is CheckStatus.UNKNOWN
    assert found["member-role/posture-controls"].message == "it can be assumed in 1 account"


async def test_a_set_up_that_is_not_perfect_is_told_and_does_not_fail(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.hub(
        ADMINISTRATOR,
        "eu-west-1",
        auto_enable_controls=False,
        control_finding_generator="STANDARD_CONTROL",
        second_version=True,
    )
    member = next(each for each in cloud.control.members() if each != ADMINISTRATOR)
    cloud.control.members(
        auto_enable=False, auto_enable_standards="NONE", management=ADMINISTRATOR, status={member: "Removed"}
    )
    cloud.control.settings(v2_shares=True)
    said = {"organization": [{"check": "Aggregation", "status": "Warning", "message": "…"}]}
    try:
        found = await check(tmp_path, {**target(), "status": said})
    finally:
        cloud.control.settings(v2_shares=False)
        cloud.control.members(status={member: "Enabled"})
        cloud.control.hub(
            ADMINISTRATOR,
            "eu-west-1",
            auto_enable_controls=True,
            control_finding_generator="SECURITY_CONTROL",
        )
    assert found.named(CheckStatus.WARNING) == {
        "delegated-administrator", "members", "auto-enable-members", "auto-enable-standards",
        "auto-enable-controls", "central-configuration", "consolidated-findings", "security-hub-v2", "told",
    }  # fmt: skip
    assert f"{member} (Removed)" in found["members"].message
    assert "Aggregation (Warning, now Ok)" in found["told"].message
    assert "always passes" in found["config-recorder"].message
    assert not is_failed(found.results)
    assert found["fact/v2-exposures"].message == "GetFindings gave no exposure; there may be none"


async def test_a_standard_that_is_not_enabled_is_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    del cloud
    source = {"securityStandards": {"standards": [FSBP, "pci-dss/v/4.0.1"]}}
    found = await check(tmp_path, target(source=source))
    assert found.named(CheckStatus.FAILED) == {"standards"}
    assert found["standards"].message == "not enabled: pci-dss/v/4.0.1"


async def test_a_hub_without_any_standard_has_nothing_to_score(cloud: Cloud, tmp_path: Path) -> None:
    enabled = cloud.control.hub(ADMINISTRATOR, "eu-west-1")["standards"]
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", standards=[])
    try:
        found = await check(tmp_path, target(source={"securityStandards": {"standards": ["*"]}}))
    finally:
        cloud.control.hub(ADMINISTRATOR, "eu-west-1", standards=enabled)
    assert found.named(CheckStatus.FAILED) == {"standards"}
    assert found["standards"].message == "no standard is enabled"


async def test_what_is_not_granted_is_not_tried(cloud: Cloud, tmp_path: Path) -> None:
    found = await check(tmp_path, namespaces=["other"])
    assert found.named(CheckStatus.FAILED) == {"grant"}
    assert "add below grants" in found["grant"].message
    assert found["role"].status is CheckStatus.UNKNOWN
    assert cloud.control.call_total() == 0


async def test_roles_in_members_are_tried_where_they_are_named(cloud: Cloud, tmp_path: Path) -> None:
    member = next(each for each in cloud.control.members() if each != ADMINISTRATOR)
    cloud.refuse_roles(f"arn:aws:iam::{member}:role/posture-controls")
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"member-role/posture-controls"}
    assert (
        f"in 9 accounts it cannot be assumed in 1: {member}" in found["member-role/posture-controls"].message
    )
    cloud.refuse_sts(
        {"code": "AccessDenied", "role": "*:role/posture-controls", "unless_external_id": "right"}
    )
    with_id = await check(tmp_path, externalId="right")
    assert with_id["member-role/posture-controls"].status is CheckStatus.OK
    none = await check(tmp_path, remediation={}, verbs=["Score", "DisableControls"])
    assert "member-role/posture-remediation" in none.named(CheckStatus.FAILED)
    assert "NotGranted" in none["member-role/posture-remediation"].message


async def test_a_hub_that_two_targets_share_is_asked_once(cloud: Cloud, tmp_path: Path) -> None:
    found = await check(tmp_path, target(), target("other"))
    assert cloud.control.call_total("DescribeHub") == 1
    shared = found.by_name["security/other/hub"]
    assert (shared.status, "security/organization" in shared.message) == (CheckStatus.OK, True)
    assert "security/other/fact/sort-order" not in found.by_name
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    again = await check(tmp_path, target(), target("other"))
    assert again.by_name["security/other/hub"].status is CheckStatus.FAILED


async def test_targets_are_chosen_by_their_names(cloud: Cloud, tmp_path: Path) -> None:
    del cloud
    both = (target(), target("other", aws={"region": "eu-central-1"}))
    found = await check(tmp_path, *both, asked=("security/organization", "none"))
    assert found.by_name["targets"].message == "there is no PostureTarget none"
    assert not [each for each in found.by_name if each.startswith("security/other")]
