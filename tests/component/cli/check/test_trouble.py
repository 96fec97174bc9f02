"""What is refused, throttled, off or broken, and what depends on it."""

from pathlib import Path

import pytest

from posture.cli.check.result import CheckStatus
from sandbox.cloud import Cloud
from tests.support.checked import ADMINISTRATOR, OPTIONAL, check, first_of
from tests.support.e2e.stage import READER


async def test_a_hub_that_is_off_is_a_failure_and_what_depends_on_it_is_unknown(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.control.hub(ADMINISTRATOR, "eu-west-1", enabled=False)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"hub"}
    assert "Enable Security Hub" in found["hub"].advice
    assert found["region"].status is CheckStatus.OK
    for name in ("findings", "standards", "aggregation", "update-findings", "fact/sort-order"):
        assert found[name].status is CheckStatus.UNKNOWN
        assert "depends on hub" in found[name].message
    assert found["member-role/posture-controls"].status is CheckStatus.UNKNOWN


async def test_a_role_that_is_refused_is_a_failure(cloud: Cloud, tmp_path: Path) -> None:
    cloud.refuse_roles(READER)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"role"}
    assert READER in found["role"].advice
    assert found["identity"].status is CheckStatus.OK
    assert "depends on role" in found["hub"].message


async def test_an_external_id_that_the_role_does_not_ask_for_is_said_to_be_looked_at(
    cloud: Cloud, tmp_path: Path
) -> None:
    cloud.refuse_sts({"code": "AccessDenied", "role": READER, "unless_external_id": "right"})
    wrong = await check(tmp_path, externalId="wrong")
    assert wrong.named(CheckStatus.FAILED) == {"role"}
    assert "with the grant's externalId" in wrong["role"].advice
    assert "wrong" not in wrong["role"].message + wrong["role"].advice
    none = await check(tmp_path)
    assert "names no externalId" in none["role"].advice
    right = await check(tmp_path, externalId="right")
    assert right["role"].status is CheckStatus.OK


async def test_credentials_that_are_refused_end_it(cloud: Cloud, tmp_path: Path) -> None:
    cloud.refuse_sts({"code": "InvalidClientTokenId", "action": "GetCallerIdentity"})
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"identity"}
    assert "depends on identity" in found["role"].message


async def test_a_region_that_is_not_enabled_is_told(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.fault(
        "error", "DescribeHub", count=None, options={"status": 403, "code": "OptInRequired", "message": "no"}
    )
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"region"}
    assert "opt-in Region" in found["region"].advice
    assert found["hub"].status is CheckStatus.UNKNOWN


async def test_an_endpoint_that_nobody_answers_at_is_told(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cloud
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECURITYHUB", "http://127.0.0.1:9")
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"hub"}
    assert "reached nobody" in found["hub"].advice
    assert found["region"].status is CheckStatus.UNKNOWN


@pytest.mark.parametrize("kind", ["html", "truncated", "empty"])
async def test_bodies_that_are_no_answer_are_told_and_break_nothing(
    cloud: Cloud, tmp_path: Path, kind: str
) -> None:
    for operation in [*OPTIONAL, "GetEnabledStandards"]:
        cloud.control.fault(kind, operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {"standards"}
    cloud.control.fault(kind, "*", count=None)
    assert (await check(tmp_path)).named(CheckStatus.FAILED) == {"hub"}


@pytest.mark.parametrize(("operation", "failing"), [("DescribeHub", "hub"), ("GetFindings", "findings")])
async def test_throttling_of_what_is_needed_is_a_failure(
    cloud: Cloud, tmp_path: Path, operation: str, failing: str
) -> None:
    cloud.control.fault("throttle", operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {failing}
    assert "quota" in found[failing].advice
    assert found["fact/sort-order"].status is CheckStatus.UNKNOWN


async def test_throttling_of_the_rest_is_not_known(cloud: Cloud, tmp_path: Path) -> None:
    cloud.control.fault("throttle", "DescribeOrganizationConfiguration", count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == set()
    assert found["central-configuration"].status is CheckStatus.UNKNOWN


@pytest.mark.parametrize(
    ("operation", "failing"), [("GetFindings", "findings"), ("GetEnabledStandards", "standards")]
)
async def test_what_is_needed_and_denied_is_a_failure(
    cloud: Cloud, tmp_path: Path, operation: str, failing: str
) -> None:
    cloud.control.fault("denied", operation, count=None)
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == {failing}
    assert f"securityhub:{operation}" in found[failing].advice


async def test_rights_that_are_optional_are_unknown_where_they_are_missing(
    cloud: Cloud, tmp_path: Path
) -> None:
    for operation in OPTIONAL:
        cloud.control.fault("denied", operation, count=None)
    cloud.control.mutate({"op": "archive", "id": first_of(cloud)["Id"]})
    found = await check(tmp_path)
    assert found.named(CheckStatus.FAILED) == set()
    unknown = {
        "controls", "delegated-administrator", "members", "central-configuration", "aggregation",
        "auto-enable-members", "auto-enable-standards", "security-hub-v2", "finding-history",
        "fact/archival-updates", "fact/insight-order",
    }  # fmt: skip
    assert unknown <= found.named(CheckStatus.UNKNOWN)
    for name in unknown:
        assert "not permitted" in found[name].message, found[name]
        assert found[name].advice
