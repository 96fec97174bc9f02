"""Snapshots and documents that are shared with everybody: answers and states that moto does not have."""

import asyncio
from typing import Any

import pytest

from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ResourceKey
from posture.remediation.actions.contract import LiveState, Refused
from posture.remediation.actions.rds.snapshot_make_private import ACTION as SNAPSHOT
from posture.remediation.actions.ssm.document_make_private import ACTION as DOCUMENT
from tests.support.scripted_reader import Pages, Script, Writes

OWNER = Script.account_id
ARN = f"arn:aws:ssm:{Script.region}:{OWNER}:document/d"
RESOURCE = ResourceKey(OWNER, "aws", Script.region, "AwsSsmDocument", ARN)
DESCRIBED: Pages = {("DescribeDocument", None): {"Document": {"Name": "d", "Owner": OWNER}}}


def shares(*accounts: str, version: str | None = None, **more: Any) -> dict[str, Any]:
    said = {} if version is None else {"SharedDocumentVersion": version}
    listed = [{"AccountId": account, **said} for account in accounts]
    return {"AccountIds": list(accounts), "AccountSharingInfoList": listed, **more}


@pytest.mark.parametrize(
    ("pages", "share"),
    [
        ([shares()], None),
        ([shares("444455556666")], None),
        ([shares("all", version="2")], {"SharedDocumentVersion": "2"}),
        ([shares("All", version="2")], {"SharedDocumentVersion": "2"}),
        ([shares("all")], {}),
        ([{"AccountIds": ["all"]}], {}),
        ([shares("444455556666", NextToken="1"), shares("all", version="$DEFAULT")],
         {"SharedDocumentVersion": "$DEFAULT"}),
        ([shares(NextToken="1"), {"AccountIds": []}], None),
    ],
)  # fmt: skip
def test_whether_everybody_has_a_document_is_on_any_page(pages: list[dict[str, Any]], share: Any) -> None:
    script: Pages = {
        ("DescribeDocumentPermission", str(at) if at else None): page for at, page in enumerate(pages)
    }
    state = asyncio.run(DOCUMENT.read(Script({**DESCRIBED, **script}), RESOURCE))
    assert state.parts == {"everybody": share}
    wrong = DOCUMENT.judge(state, {}, None).wrong  # type: ignore[arg-type]  # it has nothing to do with it
    assert [each.before for each in wrong] == [] if share is None else [share]
    writer = Writes({})
    for each in wrong:
        asyncio.run(DOCUMENT.write(writer, RESOURCE, each))
        asyncio.run(DOCUMENT.restore(writer, RESOURCE, each))
        usual = {"Name": "d", "PermissionType": "Share"}
        assert [request for _, request in writer.written] == [
            {**usual, "AccountIdsToRemove": ["all"]},
            {**usual, "AccountIdsToAdd": ["all"], **share},
        ]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({("DescribeDocument", None): {"Document": {"Owner": "Amazon"}}}, Reason.NOT_OWNER),
        ({("DescribeDocument", None): {"Document": {"Owner": "444455556666"}}}, Reason.NOT_OWNER),
        ({("DescribeDocument", None): {}}, Reason.UNREADABLE),
        ({**DESCRIBED, ("DescribeDocumentPermission", None): {}}, Reason.UNREADABLE),
    ],
)
def test_documents_that_it_leaves(script: Any, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        asyncio.run(DOCUMENT.read(Script(script), RESOURCE))
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"status": "creating"}, Reason.PENDING),
        ({"status": None}, Reason.PENDING),
        ({"type": "awsbackup"}, Reason.MANAGED_BY_AWS),
    ],
)
def test_snapshots_that_it_leaves(about: dict[str, Any], reason: Reason) -> None:
    usual = {"status": "available", "type": "manual"}
    with pytest.raises(Refused) as refused:
        SNAPSHOT.judge(LiveState({"public": True}, usual | about), {}, None)  # type: ignore[arg-type]  # as above
    assert refused.value.reason is reason
    assert not SNAPSHOT.judge(LiveState({"public": False}, usual | about), {}, None).wrong  # type: ignore[arg-type]  # as above


def test_without_an_answer_a_snapshot_is_not_private() -> None:
    arn = f"arn:aws:rds:{Script.region}:{OWNER}:snapshot:s"
    resource = ResourceKey(OWNER, "aws", Script.region, "AwsRdsDbSnapshot", arn)
    described = {"DBSnapshots": [{"DBSnapshotArn": arn, "Status": "available"}]}
    answers: list[dict[str, Any]] = [{}, {"DBSnapshotAttributesResult": {}}]
    for answer in answers:
        reader = Script(
            {("DescribeDBSnapshots", None): described, ("DescribeDBSnapshotAttributes", None): answer}
        )
        with pytest.raises(Refused) as refused:
            asyncio.run(SNAPSHOT.read(reader, resource))
        assert refused.value.reason is Reason.UNREADABLE
