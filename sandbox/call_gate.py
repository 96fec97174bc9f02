"""A WSGI application before moto's that denies, throttles, delays, loses and spoils calls, and counts writes.

`PUT /_control/calls/<name>` with a rule (`Rule`, JSON) has calls that fit it fare so from then on; `DELETE`
lifts it, and lets go what it holds. `GET /_control/calls` returns `{"rules": {name: {"met": …, "holding":
[parameters]}}, "writes": [Write]}`. A rule that makes no sense is answered with 400 and `{"error": why}`.

Calls by the sandbox's own role are those of people: no rule meets them, and they are not counted.
"""

import json
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from http import HTTPStatus
from threading import Condition
from typing import Any, Literal, NamedTuple

import msgspec
from moto.iam.models import get_account_id_from
from moto.sts.models import sts_backends
from werkzeug.test import run_wsgi_app

from sandbox.services.call import Refusal
from sandbox.services.wire import Asked, Signed, models_signed_as, operation_of, read, signed, write
from sandbox.wsgi import Application, StartResponse, answer, body_of

CALLS = "/_control/calls"
_JSON = "application/json"
_READING = re.compile(r"(?:Get|List|Describe|Head|Simulate)[A-Z]\w*|AssumeRole\w*")
_PEOPLE = "sandbox"
_HTML = b"<html><head><title>Sign in</title></head><body><h1>Please sign in</h1><br></body></html>"


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of calls: of several rules the one that was set first decides.

    `service` (as boto3 names it), `operation`, `account`, `role` (its name): globs. `mentions`: what the
    parameters must contain, as JSON. Of the calls that fit the first `after` are left alone, and so are all
    after the next `count` (None: none is). `hold`: the call, or the answer to it once it is done, is kept
    back until the rule is lifted; a call whose caller has gone meanwhile is not made, unless it is `late`.
    `code`: AWS refuses, with this `status` and `message`. `answer`: or it does what is asked, and the answer
    is lost, cut off in the middle, or a page in HTML in its place.
    """

    service: str = "*"
    operation: str = "*"
    account: str = "*"
    role: str = "*"
    mentions: str = ""
    after: int = 0
    count: int | None = None
    hold: Literal["", "call", "answer"] = ""
    late: bool = False
    code: str = ""
    status: int = 400
    message: str = "no"
    answer: Literal["whole", "lost", "truncated", "html"] = "whole"


class Write(msgspec.Struct):
    """A call that is none of reading. `code`: AWS's, where it was refused; empty: it was done.

    `role`, `session`: whose it was, as STS names them.
    """

    service: str
    operation: str
    account: str
    region: str
    role: str
    session: str
    parameters: dict[str, Any]
    code: str = ""


class _Set(msgspec.Struct):
    """A rule, and how many calls it has met; `holding`: the parameters of those that it keeps back."""

    rule: Rule
    seen: int = 0
    met: int = 0
    holding: list[Any] = []
    lifted: bool = False


class _Caller(NamedTuple):
    account: str
    role: str
    session: str


class CallGate:
    """Does to calls what it is told; leaves everything else to the application behind it."""

    def __init__(self, behind: Application) -> None:
        self._behind = behind
        self._rules: dict[str, _Set] = {}
        self._writes: list[Write] = []
        self._changed = Condition()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path: str = environ["PATH_INFO"]
        if path == CALLS or path.startswith(f"{CALLS}/"):
            return self._control(path.removeprefix(CALLS).strip("/"), environ, start_response)
        by = signed(environ)
        asked = None if by is None or by.service == "sts" else _read(by, environ)
        if by is None or asked is None:
            return self._behind(environ, start_response)
        caller = _caller(by)
        if caller.role == _PEOPLE:
            return self._behind(environ, start_response)
        return self._see_through(by, asked, caller, environ, start_response)

    def _see_through(
        self,
        by: Signed,
        asked: Asked,
        caller: _Caller,
        environ: dict[str, Any],
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        made = Write(
            asked.model.service_name,
            asked.operation.name,
            caller.account,
            by.region,
            caller.role,
            caller.session,
            _plain(asked.parameters),
        )
        found = self._fitting(made)
        rule = None if found is None else found.rule
        if found is not None and found.rule.hold == "call":
            self._keep_back(found, made)
            if _is_gone(environ) and not found.rule.late:
                return _break_off(environ, start_response)
        if rule is not None and rule.code:
            made.code = rule.code
            self._note(made)
            return write(asked, Refusal(rule.code, rule.message, rule.status), rule.status, start_response)
        body_of(environ)
        chunks, status, headers = run_wsgi_app(self._behind, environ, buffered=True)
        body = b"".join(chunks)
        if not status.startswith("2"):
            made.code = status
        self._note(made)
        if found is not None and found.rule.hold == "answer":
            self._keep_back(found, made)
        spoilt = "whole" if rule is None else rule.answer
        if spoilt == "lost":
            return _break_off(environ, start_response)
        if spoilt == "html":
            return answer(start_response, HTTPStatus.OK, _HTML, "text/html")
        headers["Content-Length"] = str(len(body))
        start_response(status, list(headers.items()))
        if spoilt == "truncated":
            return _cut_off(environ, body)
        return [body]

    def _control(self, name: str, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        method = environ["REQUEST_METHOD"]
        if not name:
            with self._changed:
                said = {
                    "rules": {
                        each: {"met": one.met, "holding": one.holding} for each, one in self._rules.items()
                    },
                    "writes": [msgspec.to_builtins(each) for each in self._writes],
                }
                return answer(start_response, HTTPStatus.OK, json.dumps(said).encode(), _JSON)
        if method == "PUT":
            try:
                rule = msgspec.json.decode(body_of(environ), type=Rule)
            except msgspec.MsgspecError as error:
                refused = json.dumps({"error": str(error)}).encode()
                return answer(start_response, HTTPStatus.BAD_REQUEST, refused, _JSON)
            self._lift(name)
            with self._changed:
                self._rules[name] = _Set(rule)
        else:
            self._lift(name)
        return answer(start_response, HTTPStatus.OK, b"{}", _JSON)

    def _lift(self, name: str) -> None:
        with self._changed:
            before = self._rules.pop(name, None)
            if before is not None:
                before.lifted = True
                self._changed.notify_all()

    def _fitting(self, made: Write) -> _Set | None:
        """Return the rule that decides of a call, and count it there."""
        said = json.dumps(made.parameters)
        with self._changed:
            for each in self._rules.values():
                rule = each.rule
                globs = (
                    (made.service, rule.service),
                    (made.operation, rule.operation),
                    (made.account, rule.account),
                    (made.role, rule.role),
                )
                if rule.mentions not in said or not all(fnmatchcase(*pair) for pair in globs):
                    continue
                each.seen += 1
                if each.seen > rule.after and (rule.count is None or each.met < rule.count):
                    each.met += 1
                    return each
        return None

    def _keep_back(self, by: _Set, made: Write) -> None:
        with self._changed:
            by.holding.append(made.parameters)
            self._changed.wait_for(lambda: by.lifted)

    def _note(self, made: Write) -> None:
        if not _READING.fullmatch(made.operation):
            with self._changed:
                self._writes.append(made)


def _read(by: Signed, environ: dict[str, Any]) -> Asked | None:
    for model in models_signed_as(by.service):
        found = operation_of(model, environ)
        if found is not None:
            return read(model, *found, environ)
    return None


def _caller(by: Signed) -> _Caller:
    account = str(get_account_id_from(by.access_key))
    for backend in sts_backends[account].values():
        assumed = backend.get_assumed_role_from_access_key(by.access_key)
        if assumed is not None:
            return _Caller(account, assumed.role_arn.rsplit("/", 1)[-1], assumed.session_name)
    return _Caller(account, "", "")


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON has them."""
    plain: dict[str, Any] = json.loads(json.dumps(parameters, default=str))
    return plain


def _is_gone(environ: Mapping[str, Any]) -> bool:
    """Whether the caller has closed its connection."""
    try:
        return not environ["werkzeug.socket"].recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _break_off(environ: Mapping[str, Any], start_response: StartResponse) -> list[bytes]:
    """Close the connection without an answer."""
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


def _cut_off(environ: Mapping[str, Any], body: bytes) -> Iterable[bytes]:
    """Answer with half of the body, and close the connection."""
    yield body[: len(body) // 2]
    with suppress(OSError):
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
