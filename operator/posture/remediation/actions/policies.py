"""Policies of resources: what a document says, whatever its spelling, and whom its statements mean.

IAM user guide, "Grammar of the IAM JSON policy language" and "AWS JSON policy elements: Principal": a list of
one may be written without the list, the order in lists means nothing, everybody and accounts have two
spellings, and AWS gives documents back in another spelling than they were put.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from posture.domain.arns import account_of_root
from posture.domain.remediation.reasons import Reason
from posture.remediation.actions.contract import Json, Refused

Document: TypeAlias = Mapping[str, Json]
Statement: TypeAlias = Mapping[str, Json]

EVERYBODY = "*"
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_PRINCIPALS = frozenset({"Principal", "NotPrincipal"})
# What AWS shows instead of the ARN of a user or role that is there no more, and takes from nobody (IAM user
# guide, "Unique identifiers").
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")


class Tested(NamedTuple):
    """One condition of a statement; operator and key in small letters: case means nothing in them."""

    operator: str
    key: str
    values: tuple[str, ...]


def read_document(text: str) -> Document:
    """Read a policy. Refused (`Unreadable`): it is none."""
    try:
        document = json.loads(text)
        for statement in statements_of(document):
            # What no policy has: neither of these has items then.
            list(tests_of(statement))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Refused(Reason.UNREADABLE, f"The policy cannot be read: {error!r}") from error
    return dict(document)


def statements_of(document: Document) -> list[Statement]:
    """Return the statements of a policy."""
    return _listed(document["Statement"])


def meaning_of(document: Document) -> dict[str, Json]:
    """Return a policy in the one spelling that all documents of the same meaning have."""
    said = [
        {member: _value_of(member, value) for member, value in statement.items()}
        for statement in statements_of(document)
    ]
    return {**document, "Statement": sorted(said, key=lambda each: json.dumps(each, sort_keys=True))}


def is_for_everybody(statement: Statement) -> bool:
    """Whether a statement is about everybody, in either way to say so."""
    principal = statement.get("Principal")
    return principal == EVERYBODY or (
        isinstance(principal, Mapping) and EVERYBODY in _listed(principal.get("AWS", []))
    )


def is_for_service(statement: Statement, service: str) -> bool:
    """Whether a service is among those that a statement is about."""
    principal = statement.get("Principal")
    return isinstance(principal, Mapping) and service in _listed(principal.get("Service", []))


def values_of(statement: Statement, member: str) -> list[str]:
    """Return the values of a member that may be a list."""
    return [str(each) for each in _listed(statement.get(member, []))]


def tests_of(statement: Statement) -> Iterator[Tested]:
    """Return the conditions of a statement; all of them have to hold."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield Tested(operator.lower(), key.lower(), tuple(_texts(values)))


def lost_principals(document: Document) -> list[str]:
    """Return the principals that AWS shows by their ids: the same document would be refused if put again."""
    found = []
    for statement in statements_of(document):
        for member in _PRINCIPALS:
            named = statement.get(member)
            for values in named.values() if isinstance(named, Mapping) else ():
                found += [each for each in _texts(values) if _UNIQUE_ID.fullmatch(each)]
    return found


def _value_of(member: str, value: Json) -> Json:
    if member in _LISTS:
        return sorted(_texts(value))
    if member in _PRINCIPALS and isinstance(value, Mapping):
        named = {
            kind: sorted(account_of_root(text) or text for text in _texts(values))
            for kind, values in value.items()
        }
        return EVERYBODY if named == {"AWS": [EVERYBODY]} else named
    if member == "Condition":
        return {
            operator: {key: sorted(_texts(values)) for key, values in keys.items()}
            for operator, keys in value.items()
        }
    return value


def _texts(value: Json) -> list[str]:
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in _listed(value)]


def _listed(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else [value]
