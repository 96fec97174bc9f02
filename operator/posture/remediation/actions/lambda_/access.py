"""Which statements of a function's policy let everybody use it (user guide, "Lambda.1").

A statement is for everybody where it names no principal but `*` and no condition ties it to somebody: an
account, an organization, a resource, a network. One for S3 has to name an account: names of buckets do not.
"""

from posture.domain.arns import account_of
from posture.remediation.actions.policies import (
    Statement,
    Tested,
    is_for_everybody,
    is_for_service,
    tests_of,
    values_of,
)

_S3 = "s3.amazonaws.com"
_ACCOUNT = "aws:sourceaccount"
_TIES = frozenset(
    {
        _ACCOUNT,
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
    }
)
# Operators that a request without the key does not satisfy, other than those that end in IfExists.
_EQUAL = frozenset({"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"})
_ANY_VALUE = "foranyvalue:"
_URL_KEYS = frozenset({"lambda:functionurlauthtype", "lambda:invokedviafunctionurl"})
_URL_ACTION = "lambda:InvokeFunctionUrl"


def is_public(statement: Statement) -> bool:
    """Whether a statement lets everybody in."""
    if statement.get("Effect") != "Allow":
        return False
    ties = {test.key for test in tests_of(statement) if _ties(test)}
    if is_for_everybody(statement):
        return not ties
    return is_for_service(statement, _S3) and _ACCOUNT not in ties


def is_of_url(statement: Statement) -> bool:
    """Whether a statement is there for the function's URL, which is called through it."""
    return _URL_ACTION in values_of(statement, "Action") or any(
        test.key in _URL_KEYS for test in tests_of(statement)
    )


def _ties(test: Tested) -> bool:
    is_equal = test.operator.removeprefix(_ANY_VALUE) in _EQUAL
    return (
        is_equal
        and test.key in _TIES
        and bool(test.values)
        and all(_is_somebody(test.key, value) for value in test.values)
    )


def _is_somebody(key: str, value: str) -> bool:
    """Whether a value is not that of everybody: its wildcards leave account or organization as they are."""
    if not ("*" in value or "?" in value):
        return bool(value)
    if key.endswith("arn"):
        return account_of(value).isdigit()
    return not value.startswith(("*", "?"))
