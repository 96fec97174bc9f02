"""AWS in the account of a resource, as the role that a rule names there: one that reads, and one that writes.

Reads are repeated on throttling and passing faults. A write is sent once: where its answer is lost nobody
knows whether it was done, and the live state has to be read before it may be sent again.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.organizations.client import Organizations
from posture.domain.arns import partition_of_region, role_arn
from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Refused

PATIENCE = 30.0
"""Seconds for which a read waits out throttling; the plan is made again in the next cycle."""

_READING = re.compile(r"(?:Get|List|Describe)[A-Z]\w*")
_NO_ORGANIZATION = "AWSOrganizationsNotInUseException"


class Aws(NamedTuple):
    """What calls are made with."""

    sessions: Sessions
    limiters: Limiters
    usage: Usage


class OutOfTime(Exception):  # noqa: N818 - the name says what happened
    """The lease ends before a write would: it was not sent."""


class MemberReader:
    """Reads in one account and Region, as one role. It has no way to write.

    `organization`: who may read the account's tags, in the management account or a delegated administrator's;
    None: nobody may. Methods raise AwsError.
    """

    def __init__(
        self, aws: Aws, account_id: str, identity: Identity, *, organization: Identity | None = None
    ) -> None:
        self._aws = aws
        self._account_id = account_id
        self._identity = identity
        self._organization = organization

    @property
    def account_id(self) -> str:
        """The account that is read."""
        return self._account_id

    @property
    def region(self) -> str:
        """The Region that is read unless another one is named."""
        return self._identity.region

    async def read(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        """Return the answer of a reading operation, as botocore parses it.

        Raises AwsError; Refused where the role is in another account; ValueError for an operation that does
        not only read.
        """
        if not _READING.fullmatch(operation):
            raise ValueError(f"{service}:{operation} is not known to only read")
        return await self._call(service, operation, parameters or {}, region, patience=PATIENCE, within=None)

    async def account_tags(self) -> tuple[tuple[str, str], ...]:
        """Return all tags of the account in its organization (Organizations, ListTagsForResource).

        An account in no organization has no tags. Raises AwsError; Refused where nobody may read them.
        """
        if self._organization is None:
            raise Refused(
                Reason.UNREADABLE,
                "Nobody may read the tags of the account: the target's role must be allowed to list them in"
                " Organizations (organizations:ListTagsForResource)",
            )
        organization = Organizations(
            self._aws.sessions, self._organization, self._aws.limiters, self._aws.usage
        )
        try:
            found = await organization.tags(self._account_id, patience=PATIENCE)
        except AwsError as error:
            asker = await self._aws.sessions.account(self._organization)
            if error.code == _NO_ORGANIZATION and asker == self._account_id:
                return ()
            raise
        return tuple(found.items())

    async def reach(self, region: str | None = None) -> None:
        """Have credentials, and see that they are the account's: what follows then waits for neither.

        Raises AwsError; Refused where the role is in another account.
        """
        identity = self._identity._replace(region=region or self._identity.region)
        account = await self._aws.sessions.account(identity)
        if account != self._account_id:
            raise Refused(
                Reason.ACCOUNT_MISMATCH,
                f"{identity.role_arn or 'The own identity'} is in account {account}, not {self._account_id}",
            )

    def _through(self, identity: Identity) -> tuple[Sessions, Identity, Limiters, Usage]:
        return self._aws.sessions, identity, self._aws.limiters, self._aws.usage

    async def _call(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        region: str | None,
        *,
        patience: float,
        within: float | None,
    ) -> dict[str, Any]:
        await self.reach(region)
        identity = self._identity._replace(region=region or self._identity.region)
        calls = Calls(*self._through(identity), service=service)
        return (await calls.call(operation, parameters, patience=patience, within=within)).body


class MemberWriter(MemberReader):
    """Reads, and writes; `seconds_left`: asked before each write, how long it may last; 0: not at all."""

    def __init__(
        self,
        aws: Aws,
        account_id: str,
        identity: Identity,
        *,
        seconds_left: Callable[[], float],
        organization: Identity | None = None,
    ) -> None:
        super().__init__(aws, account_id, identity, organization=organization)
        self._seconds_left = seconds_left

    async def write(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        region: str | None = None,
    ) -> dict[str, Any]:
        """Send a write once; one that AWS refused for expired credentials, and so did not do, once more.

        Raises AwsError (`contract.outcome_is_unknown` says of which nobody knows whether it was done),
        OutOfTime, Refused.
        """
        # New credentials may take their time: how much is left is asked after that.
        await self.reach(region)
        within = self._seconds_left()
        if within <= 0:
            raise OutOfTime(f"{service}:{operation} is not sent: the lease ends before it would")
        return await self._call(service, operation, parameters, region, patience=0.0, within=within)


def member_identity(account_id: str, region: str, role_name: str, external_id: str | None) -> Identity:
    """Return the identity of a role in a resource's account, for its Region."""
    return Identity(role_arn(partition_of_region(region), account_id, role_name), external_id, region)


async def own_access_keys(sessions: Sessions, region: str) -> frozenset[str]:
    """Return the ids of the access keys that sign for the operator itself. Raises AwsError."""
    client = await sessions.client(Identity(None, None, region), "sts")
    return frozenset({(await client.actor.credentials.get_frozen_credentials()).access_key})
