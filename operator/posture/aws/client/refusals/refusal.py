"""Whatever botocore raises → an error of ours that says whether to try again, or what to change."""

from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from posture.aws.client.errors import AwsError
from posture.aws.client.refusals.rows import (
    ACTION,
    ASSUME,
    EXPIRED,
    EXPLICIT,
    IMPLICIT,
    OWN_ROLE,
    THROTTLES,
    TOO_MANY_REQUESTS,
    RefusedCall,
)
from posture.aws.client.refusals.table import ROWS
from posture.domain.arns import account_of
from posture.domain.text import message_of_others

_ASSUMES = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
# Credentials that were good and are refused now: ran out, or were revoked or replaced before their time.
_REPLACEABLE = EXPIRED | {"InvalidClientTokenId", "UnrecognizedClientException"}
FAULTS = (boto.BotoCoreError, boto.ClientError, ResponseParserError, OSError)
_OWN = "the operator's own identity"
_OWN_ACCOUNT = "the operator's own account"


def code_of(error: BaseException) -> str:
    """Name an error for counters: AWS's code, else the exception's name."""
    if isinstance(error, boto.ClientError):
        return str(error.response.get("Error", {}).get("Code") or status_of(error))
    return "MalformedResponse" if isinstance(error, ResponseParserError) else type(error).__name__


def status_of(error: boto.ClientError) -> int:
    """Read the HTTP status of a refusal; 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def is_throttle(error: BaseException) -> bool:
    """Tell whether AWS refused a call for its rate."""
    return isinstance(error, boto.ClientError) and (
        code_of(error) in THROTTLES or status_of(error) == TOO_MANY_REQUESTS
    )


def is_expired(error: BaseException) -> bool:
    """Tell whether temporary credentials ran out (or were revoked) before their time."""
    return isinstance(error, boto.ClientError) and code_of(error) in EXPIRED


def is_replaceable(error: BaseException) -> bool:
    """Tell whether credentials are refused that others may have taken the place of, if they worked before."""
    return isinstance(error, boto.ClientError) and code_of(error) in _REPLACEABLE


def refusal(
    error: Exception,
    *,
    service: str,
    operation: str,
    region: str = "",
    role_arn: str | None = None,
    external_id: str | None = None,
    paging: bool = False,
    account_id: str | None = None,
) -> AwsError:
    """Turn an exception of botocore into an AwsError.

    `region`: where the call was to go. `role_arn`, `external_id`: of the identity that called; `account_id`:
    its account, where it is known. `paging`: the request carried a NextToken, so that its filters had been
    accepted before and only the token can be what is refused now.
    """
    if isinstance(error, AwsError):
        return error
    code, message, status, said = code_of(error), message_of_others(str(error)), 0, {}
    # As what a row of the table knows the call.
    meant = operation
    if isinstance(error, boto.ClientError):
        said = error.response.get("Error", {})
        # It has been cleaned; what an exception adds to it is the operation.
        message, status = str(said.get("Message") or message), status_of(error)
        if error.operation_name in _ASSUMES:
            service, operation = "sts", error.operation_name
            asked = said.get("RoleArn", role_arn)
            own = role_arn is None or asked != role_arn or operation != ASSUME
            meant = OWN_ROLE if own else ASSUME
            role_arn, account_id = asked, None
    words = _words(
        f"{service}:{operation}", meant, said.get("Region") or region or "this Region", role_arn, account_id
    )
    words |= _named(message)
    words["code"] = code
    words["condition"] = (
        "with the grant's externalId"
        if external_id
        else "without an external id (the grant names no externalId)"
    )
    what = RefusedCall(error, code, meant, message, status, paging)
    row = next(row for row in ROWS if row.fits(what))
    return row.kind(
        message, service=service, operation=operation, code=code, advice=row.advice.format_map(words)
    )


def _words(
    action: str, meant: str, region: str, role_arn: str | None, account_id: str | None
) -> dict[str, Any]:
    """Return what the advice of a row may name: the action, to whom, in whose account, where."""
    assumes = meant in {ASSUME, OWN_ROLE}
    own_account = f"{_OWN_ACCOUNT} {account_id}" if account_id and role_arn is None else _OWN_ACCOUNT
    role_account = f"account {account_of(role_arn) or role_arn}" if role_arn else own_account
    own = f"{_OWN} in account {account_id}" if account_id and role_arn is None else _OWN
    return {
        "action": f"{action} on {role_arn}" if assumes and role_arn else action,
        "who": own if assumes or role_arn is None else role_arn,
        "account": own_account if assumes or role_arn is None else role_account,
        "role": role_arn or "the role of the operator's own identity",
        "role_account": role_account,
        "region": region,
        "policy": "policy",
    }


def _named(message: str) -> dict[str, str]:
    """Return what AWS's own message names: the action that is missing, and the policy that denies it."""
    action, policy = ACTION.search(message), EXPLICIT.search(message) or IMPLICIT.search(message)
    named = {"policy": policy["policy"]} if policy else {}
    if action:
        resource = f" on {action['resource'].rstrip('.,;')}" if action["resource"] else ""
        named["action"] = f"{action['action']}{resource}"
    return named
