"""Organizations: one with the accounts of a generated organization, of which moto makes ids of its own."""

from collections.abc import Mapping
from typing import Any

import msgspec
from moto.backends import get_backend
from moto.organizations.models import FakeAccount, OrganizationsBackend

from sandbox.securityhub.catalogue import partition_of
from sandbox.services.call import Answer, Call, Refusal, Service

_PAGE = 20
"""Accounts of a page at most (API reference, ListAccounts)."""

SERVICE = Service("organizations")
_delegated: dict[str, str] = {}
"""The management account of each account that administers something for its organization."""
_paths: dict[str, str] = {}
"""The units above an account, by its id: moto keeps no path."""


class Account(msgspec.Struct, forbid_unknown_fields=True):
    """One account."""

    id: str
    name: str = ""
    email: str = ""
    tags: Mapping[str, str] = {}
    state: str = "ACTIVE"
    path: str = ""
    """Of the units above it, by their ids; empty: it is right below the root."""


class Organization(msgspec.Struct, forbid_unknown_fields=True):
    """An organization as it is to be. `delegated`: accounts that administer a service for all others."""

    management: str
    accounts: list[Account]
    delegated: list[str] = []
    region: str = "us-east-1"


def _make(body: bytes) -> None:
    """Make organizations; of one that is there add the accounts that it has not, and set tags and states."""
    try:
        wanted = msgspec.json.decode(body, type=list[Organization])
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    for each in wanted:
        backend = _backend(each.management, each.region)
        if backend.org is None:
            backend.create_organization(each.region, FeatureSet="ALL")
        organization = backend.org
        if organization is None:
            raise ValueError(f"{each.management} has no organization")
        known = {account.id: account for account in backend.accounts}
        for account in each.accounts:
            made = known.get(account.id)
            if made is None:
                made = FakeAccount(organization, AccountName=account.name or account.id, Email=account.email)
                made.id = account.id
                backend.accounts.append(made)
            made.tags = dict(account.tags)
            made.state = account.state
            _paths[account.id] = account.path
        _delegated.update((account, each.management) for account in each.delegated)


SERVICE.script = _make


@SERVICE.answers("ListTagsForResource")
def list_tags_for_resource(call: Call) -> Answer:
    """Answer a delegated administrator as the management account (API reference, ListTagsForResource)."""
    management = _delegated.get(call.account)
    if management is None:
        return call.moto()
    account: Any = call.parameters["ResourceId"]
    backend = _backend(management, call.region)
    found = next((each for each in backend.accounts if each.id == account), None)
    if found is None:
        raise Refusal("TargetNotFoundException", "You specified a target that doesn't exist.")
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.tags.items()]}


@SERVICE.answers("ListAccounts")
def list_accounts(call: Call) -> Answer:
    """Answer in pages, and with paths, which moto does not; a delegated administrator too.

    A page that others precede may be empty (API reference, ListAccounts): the second one is. Members that
    administer nothing are refused.
    """
    backend = _backend(_delegated.get(call.account, call.account), call.region)
    organization = backend.org
    if organization is None:
        if any(call.account == each.id for other in _organizations(call.region) for each in other.accounts):
            raise Refusal("AccessDeniedException", "You don't have permissions to access this resource.")
        raise Refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    most = int(call.parameters.get("MaxResults", _PAGE))
    if not 1 <= most <= _PAGE:
        raise Refusal("InvalidInputException", f"MaxResults is 1 to {_PAGE}.")
    begin, empty = _position(call.parameters.get("NextToken"))
    accounts = list(backend.accounts)
    root = f"{organization.id}/{organization.root_id}"
    page = [] if empty else [_described(each, root) for each in accounts[begin : begin + most]]
    end = begin if empty else begin + most
    answer: dict[str, Any] = {"Accounts": page}
    if end < len(accounts):
        answer["NextToken"] = f"{end}:{'empty' if begin == 0 and not empty else ''}"
    return answer


def _position(token: str | None) -> tuple[int, bool]:
    """Return how many accounts were listed by the pages before, and whether the next one is empty."""
    if token is None:
        return 0, False
    begin, _, empty = token.partition(":")
    if not begin.isdigit():
        raise Refusal("InvalidInputException", "You provided invalid values for the parameter NextToken.")
    return int(begin), bool(empty)


def _described(account: FakeAccount, root: str) -> dict[str, Any]:
    # `Status` has been retired.
    described = {key: value for key, value in account.describe().items() if key != "Status"}
    units = [unit for unit in _paths.get(account.id, "").split("/") if unit]
    path = "/".join([root, *units, account.id])
    return {**described, "JoinedTimestamp": account.create_time, "Paths": [path]}


def _organizations(region: str) -> list[OrganizationsBackend]:
    backends = get_backend("organizations")
    return [backends[account][partition_of(region)] for account in list(backends)]


def _backend(account: str, region: str) -> OrganizationsBackend:
    return get_backend("organizations")[account][partition_of(region)]
