"""An account whose users have access keys, the way of the operator to it, and Security Hub."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from posture.aws.client.errors import Retryable, Throttled
from posture.aws.securityhub.client import FindingsUpdate, NoteUpdate
from posture.aws.securityhub.wire import FindingsPage
from posture.config.model import Config
from posture.domain.findings import Finding, FindingId, Workflow
from posture.domain.time import DAY, datetime_of
from posture.remediation.actions.contract import Protected
from posture.remediation.member import OutOfTime
from tests.support.policies import NOW
from tests.support.remediated.moments import LOST, Written
from tests.support.rules_on_paper import GRANTED

if TYPE_CHECKING:
    from tests.support.remediated.world import World

_COMES_LATE = 0.5
"""How likely a call whose connection breaks is done all the same, and shows within half a minute."""


class Cloud:
    """Users with access keys, by name, and their tags. `log`: what the operator wrote, in order."""

    def __init__(self, world: "World", users: Mapping[str, Sequence[str]]) -> None:
        self._world = world
        self.keys = {user: dict.fromkeys(keys, "Active") for user, keys in users.items()}
        self.tags: dict[str, dict[str, str]] = {user: {} for user in users}
        self.log: list[Written] = []

    async def read(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a reading operation of IAM."""
        await self._world.moment("aws")
        user = parameters.get("UserName", "")
        if operation == "ListUserTags":
            self._world.tags_read_at[user] = self._world.moments
            tags = [{"Key": key, "Value": value} for key, value in self.tags[user].items()]
            answer: dict[str, Any] = {"Tags": tags, "IsTruncated": False}
        elif operation == "ListAccessKeys":
            created = datetime_of(NOW - 400 * DAY)
            listed = [
                {"AccessKeyId": key, "Status": status, "CreateDate": created}
                for key, status in self.keys[user].items()
            ]
            answer = {"AccessKeyMetadata": listed, "IsTruncated": False}
        else:
            answer = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
        await self._world.moment("aws")
        return answer

    async def update_key(self, user: str, key: str, to: str, session: str) -> None:
        """Set a key, as the operator; the call may be lost before, and its answer after that."""
        entry = session[session.index("remediation-") :]
        try:
            await self._world.moment("write")
            if self._world.random.random() < self._world.flaky:
                raise LOST
        except Retryable as lost:
            if not isinstance(lost, Throttled) and self._world.random.random() < _COMES_LATE:
                self._world.judge.hold(user, key, to, entry)
                self._world.late.append(Written(user, key, to, self._world.now(), entry))
            raise
        self._world.judge.hold(user, key, to, entry)
        self._done(user, key, to, entry)
        await self._world.moment("answer")

    def arrive(self, late: Written) -> None:
        """Do what was sent before, and has been under way since."""
        if late.key in self.keys[late.user]:
            self._done(late.user, late.key, late.to, late.entry)

    def _done(self, user: str, key: str, to: str, entry: str) -> None:
        self.keys[user][key] = to
        self._world.rules_of[entry] = self._world.rule_of(entry)
        self.log.append(Written(user, key, to, self._world.now(), entry))


class Caller:
    """Reads and writes as the role of a rule."""

    account_id, region = GRANTED, "us-east-1"

    def __init__(self, cloud: Cloud, session: str, seconds_left: Callable[[], float]) -> None:
        self._cloud = cloud
        self._session = session
        self._seconds_left = seconds_left

    async def read(
        self, _service: str, operation: str, parameters: Mapping[str, Any] | None = None, **_: object
    ) -> dict[str, Any]:
        return await self._cloud.read(operation, parameters or {})

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        return ()

    async def reach(self) -> None:
        """Have credentials."""

    async def write(
        self, _service: str, operation: str, parameters: Mapping[str, Any], **_: object
    ) -> dict[str, Any]:
        assert operation == "UpdateAccessKey"
        if self._seconds_left() <= 0:
            raise OutOfTime("too late")
        user, key, to = parameters["UserName"], parameters["AccessKeyId"], parameters["Status"]
        await self._cloud.update_key(user, key, to, self._session)
        return {}


class Members:
    """The way to the users."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def reader(self, *_: object) -> Caller:
        return Caller(self._cloud, "", lambda: 0.0)

    def writer(self, *_: object, session: str, seconds_left: Callable[[], float]) -> Caller:
        return Caller(self._cloud, session, seconds_left)

    async def protected(self, _config: Config) -> Protected:
        return Protected()


class SecurityHub:
    """Findings as they truly are, by Id."""

    def __init__(self, world: "World", findings: Sequence[Finding]) -> None:
        self._world = world
        self.findings = {FindingId(each.product_arn, each.id): each for each in findings}

    async def get_findings(self, filters: Mapping[str, Any], **_: object) -> FindingsPage:
        await self._world.moment("aws")
        ids = {each["Value"] for each in filters.get("Id", ())}
        resources = {each["Value"] for each in filters.get("ResourceId", ())}
        found = [
            each
            for each in self.findings.values()
            if (not ids or each.id in ids)
            and (not resources or any(one.id in resources for one in each.resources))
        ]
        return FindingsPage(found, [], [], None, self._world.now(), None, 0.0)

    async def batch_update_findings(
        self,
        names: Sequence[FindingId],
        *,
        workflow: Workflow,
        note: NoteUpdate,
        user_fields: Mapping[str, str],
        within: float,
    ) -> FindingsUpdate:
        assert within > 0
        await self._world.moment("aws")
        for each in names:
            self.findings[each] = self.findings[each]._replace(
                workflow=workflow, note=note.text, user_fields=tuple(user_fields.items())
            )
        await self._world.moment("aws")
        return FindingsUpdate(tuple(names), (), self._world.now())
