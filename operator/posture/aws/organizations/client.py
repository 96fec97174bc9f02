"""Organizations as one identity sees it: accounts, and the tags of one.

Only the management account, and accounts that administer a service for the organization, may ask (API
reference, ListAccounts and ListTagsForResource).
"""

from collections.abc import Mapping
from typing import Any

from posture.aws.client.calls import PATIENCE, Calls
from posture.aws.client.errors import MalformedResponse, Terminal
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.paging import list_all
from posture.aws.client.sessions import Identity, Sessions
from posture.domain.organization import OrganizationAccount, state_of

_SERVICE = "organizations"
# ListAccounts gives 20 a page at most (API reference).
_ACCOUNTS = 20
_NO_SUCH_ACCOUNT = "TargetNotFoundException"


class Organizations:
    """Organizations' API for one identity. Any number of calls may be under way at once.

    Every method raises AwsError. Throttling is waited out before it is an error.
    """

    def __init__(self, sessions: Sessions, identity: Identity, limiters: Limiters, usage: Usage) -> None:
        self.identity = identity
        self._sessions = sessions
        self._calls = Calls(sessions, identity, limiters, usage, service=_SERVICE)

    def now(self) -> int:
        """Return the time in microseconds by AWS's clock; by the local one while AWS has not answered."""
        return self._calls.clock.now()

    async def accounts(self) -> dict[str, OrganizationAccount]:
        """Return all accounts of the organization by id, whole: the caller's own is one of them."""
        found = await list_all(
            self._calls, "ListAccounts", "Accounts", {"MaxResults": _ACCOUNTS}, required=True
        )
        accounts = {each["Id"]: _account(each) for each in found if each.get("Id")}
        if await self._sessions.account(self.identity) not in accounts:
            raise MalformedResponse(
                "The caller's own account is missing",
                service=_SERVICE,
                operation="ListAccounts",
                code="Incomplete",
            )
        return accounts

    async def tags(self, account_id: str, *, patience: float = PATIENCE) -> dict[str, str]:
        """Return all tags of an account. `patience`: seconds for which throttling is waited out."""
        found = await list_all(
            self._calls,
            "ListTagsForResource",
            "Tags",
            {"ResourceId": account_id},
            required=True,
            patience=patience,
        )
        return {tag["Key"]: tag["Value"] for tag in found}

    async def tags_if_member(self, account_id: str) -> dict[str, str] | None:
        """Return all tags of an account; None where it is in another organization, or in none."""
        try:
            return await self.tags(account_id)
        except Terminal as error:
            if error.code == _NO_SUCH_ACCOUNT:
                return None
            raise


def _account(described: Mapping[str, Any]) -> OrganizationAccount:
    paths = described.get("Paths") or [""]
    return OrganizationAccount(
        described.get("Name", ""),
        state_of(described.get("State"), described.get("Status")),
        # An account has one parent (user guide, "Terminology and concepts").
        paths[0],
    )
