"""Actions against moto over HTTP: an account for each test, a wire that fails, what all must hold.

`ActionTests` is the base of one class for each action; a class says how to make a resource that is wrong.
"""

import json
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, ClassVar, NamedTuple

import boto3
import pytest
from botocore.config import Config

from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.domain.remediation.reasons import Reason
from posture.domain.remediation.resources import ACCOUNT, ResourceKey
from posture.domain.time import instant_of
from posture.remediation.actions.contract import (
    Action,
    ChangedSince,
    LiveState,
    Refused,
    Restored,
    Situation,
    SubWrite,
    Verdict,
    outcome_is_unknown,
)
from posture.remediation.member import Aws, MemberReader, MemberWriter, member_identity
from sandbox.cloud import S3_CONTROL_URL, Cloud
from tests.support.wire import Fault, Wire

REGION = "eu-west-1"
_READING = ("Get", "List", "Describe", "AssumeRole")
# What IAM calls operations whose names differ (service authorization reference).
_IAM_NAMES = {
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "s3control:PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3control:DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
# Services whose clients are not called as botocore's events call them.
_CLIENTS = {
    "auto-scaling": "autoscaling",
    "cloudwatch-logs": "logs",
    "elastic-load-balancing": "elb",
    "elastic-load-balancing-v2": "elbv2",
    "s3-control": "s3control",
}
# What IAM calls services whose names differ.
_IAM_SERVICES = {
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
}
_NEEDS_NO_RIGHTS = {"sts:GetCallerIdentity", "sts:AssumeRole"}


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with Cloud.start() as running:
        yield running


class World:
    """One member account of an organization, seen by a person (`client`) and by the operator (`writer`)."""

    def __init__(self, cloud: Cloud, sessions: Sessions, usage: Usage, wire: Wire) -> None:
        self.cloud = cloud
        self.usage = usage
        self.wire = wire
        self.management = _account()
        organizations = self._person("organizations", self.management, REGION)
        organizations.create_organization(FeatureSet="ALL")
        made = organizations.create_account(AccountName="shop", Email="shop@example.com")
        self.account: str = made["CreateAccountStatus"]["AccountId"]
        self.organizations = organizations
        self.seconds_left = 10.0
        # Buckets whose seconds pass a thousand times as fast.
        self.limiters = Limiters(1.0, monotonic=lambda: time.monotonic() * 1000)
        self._aws = Aws(sessions, self.limiters, usage)
        self.identity = member_identity(self.account, REGION, "posture-remediation", None)
        self.organization = member_identity(self.management, REGION, "posture-organization", None)

    def client(self, service: str, region: str = REGION) -> Any:
        """Return what a person of the account works with; the wire does not see it."""
        return self._person(service, self.account, region)

    def _person(self, service: str, account: str, region: str) -> Any:
        env = self.cloud.env_for(account)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=S3_CONTROL_URL if service == "s3control" else self.cloud.moto_url,
            config=Config(proxies={"http": self.cloud.moto_url}) if service == "s3control" else None,
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=env["AWS_SESSION_TOKEN"],
        )

    def reader(self, identity: Identity | None = None) -> MemberReader:
        return MemberReader(
            self._aws, self.account, identity or self.identity, organization=self.organization
        )

    def writer(self) -> MemberWriter:
        return MemberWriter(
            self._aws,
            self.account,
            self.identity,
            seconds_left=lambda: self.seconds_left,
            organization=self.organization,
        )

    def resource(self, kind: str, service: str, last: str) -> ResourceKey:
        """Return a resource by the last part of its ARN."""
        arn = f"arn:aws:{service}:{REGION}:{self.account}:{last}"
        return ResourceKey(self.account, "aws", REGION, kind, arn)

    def account_resource(self, region: str = REGION) -> ResourceKey:
        return ResourceKey(self.account, "aws", region, ACCOUNT, f"AWS::::Account:{self.account}")

    def operations(self) -> Counter[str]:
        """What the operator has called, by service and operation, whatever the answer."""
        found: Counter[str] = Counter()
        for (service, operation, _), count in self.usage.requests.items():
            found[f"{_CLIENTS.get(service, service)}:{operation}"] += count
        return found

    def writes(self) -> Counter[str]:
        """Those of them that do more than read."""
        return Counter(
            {
                name: count
                for name, count in self.operations().items()
                if not name.split(":")[1].startswith(_READING)
            }
        )


class Read(NamedTuple):
    """What an engine would know after reading."""

    state: LiveState
    verdict: Verdict


class ActionTests(ABC):
    """What every action must hold. A class of its own for each says what is not the same."""

    action: ClassVar[Action]
    parameters: ClassVar[tuple[tuple[str, str], ...]] = ()
    writes: ClassVar[tuple[str, ...]]
    """All writes of a fix, as `service:Operation`; those of the undo are `undo_writes`, else the same."""
    undo_writes: ClassVar[tuple[str, ...]] = ()
    write_marker: ClassVar[str]
    """What the request of such a write has in its line or body, and no reading request."""
    tag_markers: ClassVar[tuple[str, ...]]
    """The same of each request that reads tags."""

    @abstractmethod
    def make_wrong(self, world: World) -> ResourceKey:
        """Make a resource that is wrong, with other settings than the defaults."""

    @abstractmethod
    def settings(self, world: World, resource: ResourceKey) -> Any:
        """Read all settings of the resource, as a person does."""

    @abstractmethod
    def fixed(self, settings: Any) -> Any:
        """Return what they are to be after the fix, given what they were."""

    def restored(self, settings: Any) -> Any:
        """Return what they are to be after the undo, given what they were: the same, where it can be."""
        return settings

    def change(self, world: World, resource: ResourceKey) -> None:
        """Do what a person does after the fix, to the same setting.

        What is only on or off can but be put back, and an undo finds nothing to do: no method then.
        """
        del world, resource

    @abstractmethod
    def tag(self, world: World, resource: ResourceKey, tag: tuple[str, str]) -> None:
        """Tag it."""

    def remove(self, world: World, resource: ResourceKey) -> None:
        """Delete it; of an account nobody asks that."""
        raise AssertionError("what is set of an account is never gone", world, resource)

    def situation(self, **known: Any) -> Situation:
        """Return what an engine knows, but for what is `known` otherwise."""
        return Situation(**{"now": instant_of(datetime.now(UTC)), "controls": self.action.controls, **known})

    async def read(self, world: World, resource: ResourceKey, **situation: Any) -> Read:
        """Read and judge it as the operator, as an engine does."""
        state = await self.action.read(world.reader(), resource)
        state = LiveState(*json.loads(json.dumps(state)))
        at = self.situation(**situation)
        return Read(state, self.action.judge(state, self.action.configure(dict(self.parameters)), at))

    async def fix(self, world: World, resource: ResourceKey) -> tuple[SubWrite, ...]:
        """Write all that is wrong; returns it as the journal would give it back."""
        wrong = _journalled((await self.read(world, resource)).verdict.wrong)
        for each in wrong:
            await self.action.write(world.writer(), resource, each)
        return wrong

    async def test_it_fixes_what_is_wrong_and_nothing_else(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        await self.action.tags(world.reader(), resource)
        wrong = await self.fix(world, resource)
        assert wrong
        assert self.settings(world, resource) == self.fixed(before)
        assert world.writes() == Counter(self.writes)
        # It would apply what others have let wait for a window.
        assert not world.wire.sent("ApplyImmediately")
        after = await self.read(world, resource)
        assert all(self.action.verified(after.state, each) for each in wrong)
        assert after.verdict == Verdict()
        called = _rights(world.operations())
        assert called <= {*self.action.iam.read, *self.action.iam.write}

    async def test_undo_restores_it(self, world: World) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        wrong = await self.fix(world, resource)
        world.usage.requests.clear()
        for each in reversed(wrong):
            assert await self.action.undo(world.writer(), resource, each) is Restored.RESTORED
        assert self.settings(world, resource) == self.restored(before)
        expected = Counter(self.undo_writes or self.writes)
        assert world.writes() == expected
        called = _rights(world.operations())
        assert called <= {*self.action.iam.read, *self.action.iam.undo}
        for each in wrong:
            assert await self.action.undo(world.writer(), resource, each) is Restored.ALREADY_BACK
        assert world.writes() == expected

    async def test_undo_does_nothing_where_nothing_was_written(self, world: World) -> None:
        resource = self.make_wrong(world)
        for each in _journalled((await self.read(world, resource)).verdict.wrong):
            assert await self.action.undo(world.writer(), resource, each) is Restored.ALREADY_BACK
        assert not world.writes()

    async def test_undo_leaves_what_a_person_changed_since(self, world: World) -> None:
        resource = self.make_wrong(world)
        wrong = await self.fix(world, resource)
        if type(self).change is ActionTests.change:
            return
        self.change(world, resource)
        changed = self.settings(world, resource)
        world.usage.requests.clear()
        with pytest.raises(ChangedSince):
            await self.action.undo(world.writer(), resource, wrong[0])
        assert self.settings(world, resource) == changed
        assert not world.writes()

    async def test_it_reads_the_tags_of_what_it_would_touch(self, world: World) -> None:
        resource = self.make_wrong(world)
        assert all(("Keep", "Out") not in each.tags for each in await self._tags(world, resource))
        self.tag(world, resource, ("Keep", "Out"))
        assert any(("Keep", "Out") in each.tags for each in await self._tags(world, resource))

    async def _tags(self, world: World, resource: ResourceKey) -> Sequence[Any]:
        return await self.action.tags(world.reader(), resource)

    @pytest.mark.parametrize(
        "fault", [fault for fault in Fault if fault is not Fault.LOST], ids=lambda fault: fault.value
    )
    async def test_tags_that_cannot_be_read_are_not_absent(self, world: World, fault: Fault) -> None:
        resource = self.make_wrong(world)
        await self.action.tags(world.reader(), resource)
        for marker in self.tag_markers:
            before = world.wire.sent(marker)
            assert before, f"no request of {world.wire.requests} has {marker}"
            world.wire.fail(marker, fault)
            with pytest.raises((AwsError, Refused)):
                await self.action.tags(world.reader(), resource)
            assert world.wire.sent(marker) > before
            world.wire.heal()

    async def test_it_is_gone(self, world: World) -> None:
        resource = self.make_wrong(world)
        if resource.type == ACCOUNT:
            return
        self.remove(world, resource)
        for call in (self.action.read, self.action.tags):
            with pytest.raises(Refused) as refused:
                await call(world.reader(), resource)
            assert refused.value.reason is Reason.RESOURCE_GONE

    async def test_it_is_in_another_account(self, world: World) -> None:
        resource = self.make_wrong(world)
        other = resource._replace(account_id="999988887777")
        elsewhere = member_identity("999988887777", REGION, "posture-remediation", None)
        for reader, which in ((world.reader(), other), (world.reader(elsewhere), resource)):
            with pytest.raises(Refused) as refused:
                await self.action.read(reader, which)
            assert refused.value.reason is Reason.ACCOUNT_MISMATCH
        assert not world.writes()

    @pytest.mark.parametrize("fault", [Fault.DENIED, Fault.THROTTLED, Fault.BROKEN])
    async def test_a_write_that_fails_is_sent_once(self, world: World, fault: Fault) -> None:
        resource = self.make_wrong(world)
        before = self.settings(world, resource)
        wrong = (await self.read(world, resource)).verdict.wrong
        world.wire.fail(self.write_marker, fault)
        with pytest.raises(AwsError) as refused:
            await self.action.write(world.writer(), resource, wrong[0])
        assert outcome_is_unknown(refused.value) == (fault is Fault.BROKEN)
        assert world.wire.sent(self.write_marker) == 1
        assert self.settings(world, resource) == before

    async def test_a_write_whose_answer_is_lost_is_not_sent_again(self, world: World) -> None:
        resource = self.make_wrong(world)
        wrong = (await self.read(world, resource)).verdict.wrong
        world.wire.fail(self.write_marker, Fault.LOST)
        with pytest.raises(AwsError) as refused:
            await self.action.write(world.writer(), resource, wrong[0])
        assert outcome_is_unknown(refused.value)
        assert world.wire.sent(self.write_marker) == 1
        world.wire.heal()
        assert self.action.verified((await self.read(world, resource)).state, wrong[0])

    async def test_parameters_are_refused_early(self) -> None:
        with pytest.raises(ValueError, match="is not a parameter"):
            self.action.configure({"nonsense": "1"})


def _rights(operations: Iterable[str]) -> set[str]:
    """Return what IAM calls operations."""
    found = set()
    for each in set(operations) - _NEEDS_NO_RIGHTS:
        service, operation = each.split(":")
        found.add(_IAM_NAMES.get(each, f"{_IAM_SERVICES.get(service, service)}:{operation}"))
    return found


def _journalled(wrong: Sequence[SubWrite]) -> tuple[SubWrite, ...]:
    return tuple(SubWrite(**json.loads(json.dumps(each.to_json()))) for each in wrong)


def _account() -> str:
    return str(Random(uuid.uuid4().int).randrange(10**11, 10**12))


def unique(prefix: str) -> str:
    """Return a name that nobody has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"
