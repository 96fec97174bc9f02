"""An error says what the caller may do, and a person should."""

import json

import pytest

from posture.kube.errors import (
    Call,
    Conflict,
    Forbidden,
    Gone,
    KubeError,
    RequestRefused,
    Retryable,
    Unauthorized,
    error_of,
)
from posture.kube.resources import LEASES, NAMESPACES, POSTURE_TARGETS

LIST = Call("list", POSTURE_TARGETS)
PATCH = Call("patch", POSTURE_TARGETS, "security", "organization", "status")


def _status(reason: str, message: str, **details: object) -> bytes:
    return json.dumps({"kind": "Status", "reason": reason, "message": message, "details": details}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, _status("BadRequest", "no"), RequestRefused),
        (401, _status("Unauthorized", "Unauthorized"), Unauthorized),
        (403, _status("Forbidden", 'User "x" cannot list resource "posturetargets"'), Forbidden),
        (404, _status("NotFound", "not found"), Gone),
        (405, b"", RequestRefused),
        (408, b"", Retryable),
        (409, _status("Conflict", "moved on"), Conflict),
        (410, _status("Expired", "the continue token is too old"), Retryable),
        (413, b"", RequestRefused),
        (422, _status("Invalid", "status.score: Invalid value"), RequestRefused),
        (429, _status("TooManyRequests", "slow down"), Retryable),
        (500, b"<html>", Retryable),
        (502, "Bad Gateway \xff".encode("latin-1"), Retryable),
        (503, b"[]", Retryable),
        (504, b'{"message": 5}', Retryable),
        (302, b"", RequestRefused),
    ],
)
def test_every_status_is_one_kind_of_error(status: int, body: bytes, kind: type[KubeError]) -> None:
    error = error_of(LIST, status, body, {})
    assert type(error) is kind
    assert error.status == status
    assert LIST.right in str(error)


def test_conflict_may_be_tried_again() -> None:
    assert issubclass(Conflict, Retryable)


@pytest.mark.parametrize(
    ("call", "right"),
    [
        (LIST, "list posturetargets.posture.dev in all namespaces"),
        (PATCH, "patch posturetargets/status.posture.dev in namespace security"),
        (Call("update", LEASES, "posture", "hub"), "update leases.coordination.k8s.io in namespace posture"),
        (Call("get", NAMESPACES, None, "kube-system"), "get namespaces"),
    ],
)
def test_a_missing_right_is_spelled_out(call: Call, right: str) -> None:
    error = error_of(call, 403, _status("Forbidden", 'User "u" cannot do that'), {})
    assert f"the right to {right} is missing" in str(error)
    assert "as the Helm chart does" in str(error)


def test_a_quota_is_no_missing_right() -> None:
    error = error_of(PATCH, 403, _status("Forbidden", "exceeded quota: pods"), {})
    assert isinstance(error, Forbidden)
    assert "is missing" not in str(error)
    assert "exceeded quota" in str(error)


def test_a_namespace_that_ends_is_gone() -> None:
    body = _status("Forbidden", "being terminated", causes=[{"reason": "NamespaceTerminating"}])
    assert isinstance(error_of(PATCH, 403, body, {}), Gone)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), (None, None), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("-1", None)]
)
def test_how_long_to_wait_is_passed_on(header: str | None, seconds: float | None) -> None:
    error = error_of(LIST, 429, b"", {} if header is None else {"Retry-After": header})
    assert isinstance(error, Retryable)
    assert error.retry_after == seconds


def test_a_list_of_what_is_not_installed_says_how_to_install_it() -> None:
    assert "posture crds | kubectl apply --server-side -f -" in str(
        error_of(LIST, 404, b"404 page not found", {})
    )
    assert "posture crds" not in str(
        error_of(Call("get", LEASES, "a", "b"), 404, _status("NotFound", "no"), {})
    )


def test_paths_quote_names() -> None:
    assert POSTURE_TARGETS.path("a b", "c/d", "status") == (
        "/apis/posture.dev/v1alpha1/namespaces/a%20b/posturetargets/c%2Fd/status"
    )
    assert NAMESPACES.path(name="kube-system") == "/api/v1/namespaces/kube-system"
