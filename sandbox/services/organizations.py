"""Organizations: one with the accounts of a generated organization, of which moto makes ids of its own."""

from collections.abc import Mapping
from typing import Any

import msgspec
from moto.backends import get_backend
from moto.organizations.models import FakeAccount, OrganizationsBackend

from sandbox.securityhub.catalogue import partition_of
from sandbox.services.call import Answer, Call, Refusal, Service

SERVICE = Service("organizations")
_delegated: dict[str, str] = {}
"""The management account of each account that administers something for its organization."""


class Account(msgspec.Struct, forbid_unknown_fields=True):
    """One account."""

    id: str
    name: str = ""
    email: str = ""
    tags: Mapping[str, str] = {}


class Organization(msgspec.Struct, forbid_unknown_fields=True):
    """An organization as it is to be. `delegated`: accounts that administer a service for all others."""

    management: str
    accounts: list[Account]
    delegated: list[str] = []
    region: str = "us-east-1"


def _make(body: bytes) -> None:
    """Make organizations; of one that is there add the accounts that it has not, and set all tags."""
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


def _backend(account: str, region: str) -> OrganizationsBackend:
    return get_backend("organizations")[account][partition_of(region)]
