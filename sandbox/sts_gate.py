"""An STS that refuses as AWS's does: a WSGI application before moto's, which gives every role to everybody.

`PUT /_control/sts` with a JSON list of rules says what is refused from then on, and no more. A wrong list
is answered with 400 and `{"error": why}`. What the sandbox itself asks for is never refused.
"""

import re
import uuid
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Lock
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import msgspec

from sandbox.wsgi import Application, StartResponse, answer, body_of

RULES = "/_control/sts"
NOT_AWS = "403"
"""The code of a refusal that has none: a proxy's, in HTML."""
_FORM = "application/x-www-form-urlencoded"
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/sts/aws4_request")
# The sandbox does not sign its own requests.
_OWN = "Signature=none"
_HTML = b"<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1><br></body></html>"
_DENIED = "User: {user} is not authorized to perform: sts:{action} on resource: {role}"
_INVALID = "The security token included in the request is invalid"
_UNSIGNED = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
    " Access Key and signing method.\n\nThe Canonical String for this request should have been\n'POST\n/\n\n"
    "host:sts.{region}.amazonaws.com\nx-amz-security-token:{token}\n\n"
    "host;x-amz-security-token\n0'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\n0'\n"
)
_VALUE = (
    "1 validation error detected: Value '{external_id}' at 'externalId' failed to satisfy constraint: Member"
    " must satisfy regular expression pattern: [\\w+=,.@:\\/-]*"
)
_REFUSALS: Mapping[str, tuple[int, str]] = {
    "AccessDenied": (403, _DENIED),
    "ExpiredToken": (403, "The security token included in the request is expired"),
    "ExpiredTokenException": (
        400,
        "Token expired: current date/time must be before the expiration date/time",
    ),
    "IDPCommunicationError": (400, "Failed to retrieve the provider's verification keys"),
    "IDPRejectedClaim": (403, "The ID token is not from the provider that was expected"),
    "InvalidClientTokenId": (403, _INVALID),
    "InvalidIdentityToken": (400, "No OpenIDConnect provider found in your account for https://oidc.example"),
    "MalformedPolicyDocument": (400, "The policy is not in the valid JSON format"),
    "PackedPolicyTooLarge": (400, "Packed size of session tags consumes 112% of allotted space"),
    "RegionDisabledException": (403, "STS is not activated in this region for account:{account}"),
    "ServiceUnavailable": (503, "Service is unavailable"),
    "SignatureDoesNotMatch": (403, _UNSIGNED),
    "Throttling": (400, "Rate exceeded"),
    "ValidationError": (400, _VALUE),
}
"""HTTP statuses and messages, as STS has them (API reference, "Errors" and "Common errors")."""
_DOCUMENT = (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
    "<Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request}</RequestId></ErrorResponse>"
)


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """What is refused: the first rule that fits a request.

    `code`: AWS's error code, or NOT_AWS. `action`, `role` (its ARN), `region` (of the signature; a web
    identity has none): globs. `message`: instead of the usual one. `count`: so many times, None: always.
    `unless_external_id`: whoever says this one is not refused, as by a trust policy that asks for it.
    """

    code: str
    action: str = "AssumeRole"
    role: str = "*"
    region: str = "*"
    message: str | None = None
    count: int | None = None
    unless_external_id: str | None = None

    def __post_init__(self) -> None:
        if self.message is None and self.code not in {*_REFUSALS, NOT_AWS}:
            raise ValueError(f"{self.code!r} has no message of its own")


class StsGate:
    """Answers what is refused; leaves everything else to the application behind it."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._rules: list[Rule] = []
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == RULES:
            return self._set(body_of(environ), start_response)
        if environ["REQUEST_METHOD"] == "POST" and environ.get("CONTENT_TYPE", "").startswith(_FORM):
            form = {name: values[0] for name, values in parse_qs(body_of(environ).decode()).items()}
            signed = environ.get("HTTP_AUTHORIZATION", "")
            scope = _SCOPE.search(signed)
            region = scope["region"] if scope else ""
            rule = None if _OWN in signed else self._refusing(form, region)
            if rule is not None:
                token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
                return _refuse(rule, form, region, token, start_response)
        return self._behind(environ, start_response)

    def _set(self, body: bytes, start_response: StartResponse) -> list[bytes]:
        try:
            rules = msgspec.json.decode(body, type=list[Rule])
        except msgspec.MsgspecError as error:
            said = msgspec.json.encode({"error": str(error)})
            return answer(start_response, HTTPStatus.BAD_REQUEST, said, "application/json")
        with self._lock:
            self._rules = rules
        return answer(start_response, HTTPStatus.OK, b"{}", "application/json")

    def _refusing(self, form: Mapping[str, str], region: str) -> Rule | None:
        asked = (form.get("Action", ""), form.get("RoleArn", ""), region)
        with self._lock:
            for rule in self._rules:
                globs = (rule.action, rule.role, rule.region)
                if rule.unless_external_id is not None and rule.unless_external_id == form.get("ExternalId"):
                    continue
                if rule.count != 0 and all(map(fnmatchcase, asked, globs)):
                    rule.count = rule.count and rule.count - 1
                    return rule
        return None


def _refuse(
    rule: Rule, form: Mapping[str, str], region: str, token: str, start_response: StartResponse
) -> list[bytes]:
    if rule.code == NOT_AWS:
        return answer(start_response, HTTPStatus.FORBIDDEN, _HTML, "text/html")
    status, message = _REFUSALS.get(rule.code, (HTTPStatus.FORBIDDEN, ""))
    role = form.get("RoleArn", "")
    said = (
        rule.message
        if rule.message is not None
        else message.format(
            user=_user_beside(role),
            action=form["Action"],
            role=role,
            account=(role.split(":") + [""] * 5)[4],
            region=region,
            token=token,
            external_id=form.get("ExternalId", ""),
        )
    )
    document = _DOCUMENT.format(code=rule.code, message=escape(said), request=uuid.uuid4())
    return answer(start_response, HTTPStatus(status), document.encode(), "text/xml")


def _user_beside(role: str) -> str:
    """Return the ARN of a caller in the partition of a role."""
    return ":".join([*role.split(":")[:2], "iam", "", "123456789012", "user/sandbox"])
