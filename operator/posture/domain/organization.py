"""An organization of AWS accounts, as far as it is known: who its accounts are, their states, their tags.

Rules: Organizations API reference (Account, ListAccounts, ListTagsForResource).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple


class AccountState(StrEnum):
    """`State` of an account, as the API spells it."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING_CLOSURE = "PENDING_CLOSURE"
    CLOSED = "CLOSED"


UNUSABLE = frozenset(AccountState) - {AccountState.ACTIVE}
"""States in which nobody can use an account, so that nothing is missing where it has no findings."""


def state_of(state: str | None, status: str | None) -> AccountState | None:
    """Read the state of an account; `status`: the retired field, which is read where there is no `state`.

    None where neither is there or known: such an account is not taken for one that nobody can use.
    """
    told = state or status
    return AccountState(told) if told in frozenset(AccountState) else None


class OrganizationAccount(NamedTuple):
    """One account.

    `path`: ids of the organization, its root and the units above the account, joined by `/`; empty where AWS
    does not say.
    """

    name: str
    state: AccountState | None
    path: str = ""


class TagKeys(NamedTuple):
    """Which tags of an account say what it is for; None: none does. Compared case by case, as AWS does."""

    workload: str | None = None
    environment: str | None = None
    owner: str | None = None

    @property
    def all(self) -> frozenset[str]:
        """Every key that is read."""
        return frozenset(key for key in self if key is not None)

    @property
    def groups(self) -> bool:
        """Whether workloads or environments depend on tags."""
        return self.workload is not None or self.environment is not None


NO_TAG_KEYS = TagKeys()


class KnownOrganization(NamedTuple):
    """What is believed of an organization at a moment. The same `version` says the same."""

    accounts: Mapping[str, OrganizationAccount] = {}
    """By id; empty where they could not be listed."""
    tags: Mapping[str, Mapping[str, str]] = {}
    """Of those accounts whose tags are known, the keys that were asked for. An account that is in another
    organization, or in none, has no tags; one that is not here may have any."""
    version: int = 0

    def is_unusable(self, account_id: str) -> bool:
        """Whether nobody can use an account: it was closed or suspended, or is not active yet."""
        account = self.accounts.get(account_id)
        return account is not None and account.state in UNUSABLE

    def unread(self, account_ids: Iterable[str]) -> tuple[str, ...]:
        """Return those whose tags are not known, in their order."""
        return tuple(account_id for account_id in account_ids if account_id not in self.tags)


NOTHING_KNOWN = KnownOrganization()
