"""What can go wrong with a call to the Kubernetes API, by what the caller should do about it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec

from posture.kube.resources import ApiResource, Object


class Call(NamedTuple):
    """A call in RBAC's words, so that an error can name the right that is missing."""

    verb: str
    resource: ApiResource | None
    namespace: str | None = None
    name: str | None = None
    subresource: str | None = None

    @property
    def right(self) -> str:
        """The right as one phrase: `list posturetargets.posture.dev in all namespaces`."""
        if self.resource is None:
            return self.verb
        what = self.resource.plural + (f"/{self.subresource}" if self.subresource else "")
        qualified = f"{what}.{self.resource.group}" if self.resource.group else what
        if not self.resource.namespaced:
            return f"{self.verb} {qualified}"
        place = f"namespace {self.namespace}" if self.namespace else "all namespaces"
        return f"{self.verb} {qualified} in {place}"

    def __str__(self) -> str:
        return f"{self.right} ({self.name})" if self.name else self.right


class KubeError(Exception):
    """A call to the Kubernetes API that failed.

    `call`: what was tried; `status`: the HTTP status, None when there was no answer; `reason`: the API
    server's word (`Conflict`, `NotFound`) or ours where it gave none; the message says what to do.
    """

    def __init__(self, call: Call, message: str, *, status: int | None = None, reason: str = "") -> None:
        super().__init__(message)
        self.call = call
        self.status = status
        self.reason = reason or type(self).__name__


class Retryable(KubeError):  # noqa: N818 - the name says what the caller may do, as in every client here
    """It may work later: no connection, a time-out, 5xx, 429, a malformed answer.

    `retry_after`: seconds that the API server asked to wait, or None.
    """

    retry_after: float | None = None


class Conflict(Retryable):
    """409: the object changed since it was read, or exists already. Read again, then decide again."""


class Moved(Conflict):
    """The object is another version than the one that the write was based on: `now` is the one that it is.

    Nothing was written.
    """

    def __init__(self, call: Call, message: str, now: Object) -> None:
        super().__init__(call, message, reason="Conflict")
        self.now = now


class Gone(KubeError):  # noqa: N818 - as Retryable
    """The object is not there, or another one has its name now."""


class Forbidden(KubeError):  # noqa: N818 - as Retryable
    """A right is missing, or an admission policy said no: nothing changes until a person does something.

    `said`: the API server's own words.
    """

    said: str = ""


class Unauthorized(KubeError):  # noqa: N818 - as Retryable
    """The API server does not accept the operator's credentials."""


class RequestRefused(KubeError):  # noqa: N818 - as Retryable
    """The API server refuses what was sent (400, 422, …): the same request never works."""


_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.GONE})


def error_of(call: Call, status: int, body: bytes, headers: Mapping[str, str]) -> KubeError:
    """Return the error that an answer with a status outside 2xx stands for.

    `body` is a `Status` object of the API server, or whatever a proxy before it wrote. 410 is the answer to
    an expired `continue` token: the list starts over.
    """
    answer = _status_object(body)
    said = _words(answer, status)
    reason = str(answer.get("reason") or "")
    if status == HTTPStatus.CONFLICT:
        return Conflict(call, f"could not {call}: {said}", status=status, reason=reason)
    if status in _TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        error = Retryable(
            call, f"could not {call}, will be tried again: {said}", status=status, reason=reason
        )
        error.retry_after = _seconds(headers.get("Retry-After"))
        return error
    if status == HTTPStatus.NOT_FOUND or _namespace_ends(answer):
        advice = (
            ""
            if call.name
            else "; are the CRDs installed? (`posture crds | kubectl apply --server-side -f -`)"
        )
        return Gone(call, f"could not {call}: {said}{advice}", status=status, reason=reason)
    if status == HTTPStatus.FORBIDDEN:
        forbidden = Forbidden(call, _forbidden(call, said), status=status, reason=reason)
        forbidden.said = said
        return forbidden
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorized(
            call,
            f"could not {call}: the API server does not accept the operator's credentials ({said}); "
            "renew the token or the certificate in KUBECONFIG, or check the pod's service account",
            status=status,
            reason=reason,
        )
    return RequestRefused(
        call,
        f"could not {call}, the API server refuses it: {said}; check that the installed CRDs are those of "
        "this version (`posture crds`)",
        status=status,
        reason=reason,
    )


def _forbidden(call: Call, said: str) -> str:
    # RBAC's own sentence is `User "…" cannot list resource "…"`; quotas and admission say something else.
    if " cannot " in said:
        return (
            f"the right to {call.right} is missing: grant it to the operator's service account, "
            f"as the Helm chart does ({said})"
        )
    return f"could not {call}, an admission policy or a quota says no: {said}"


def _namespace_ends(answer: Mapping[str, Any]) -> bool:
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    return any(
        isinstance(cause, dict) and cause.get("reason") == "NamespaceTerminating" for cause in causes or ()
    )


def _status_object(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _words(answer: Mapping[str, Any], status: int) -> str:
    message = answer.get("message")
    return message if isinstance(message, str) and message else f"HTTP {status}"


def _seconds(header: str | None) -> float | None:
    # RFC 9110 allows a date as well; the API server only sends seconds.
    return float(header) if header is not None and header.isdecimal() else None
