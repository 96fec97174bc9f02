"""Looks at the bytes of AWS's answers before anybody believes them, and takes secrets out of what AWS says.

botocore reads a truncated, HTML or empty body of a successful answer as an answer without members, which is
"no findings" or "nothing left undone". The hooks on services that answer in JSON raise nothing, since an
exception inside a hook would escape the counters: they leave a mark that the caller must look for.

AWS's messages quote what they refuse: the canonical request with its session token, an external id. They are
rid of it here, before an exception, and so a log line or a condition, is made of them.
"""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from aiobotocore.session import AioSession
from botocore.parsers import ResponseParserError

from posture.aws.client.limiter import Usage
from posture.aws.client.refusals.refusal import code_of
from posture.aws.client.unread import note_unread
from posture.domain.text import message_of_others

DECODED = "DecodedBody"
"""Where an answer has what a decoder made of its body."""
MALFORMED = "MalformedBody"
"""Where an answer has the reason why its body is none."""

Decoder = Callable[[bytes], object]
"""Makes the body of a successful answer into what its service's client wants; ValueError where it is none."""
Decoders = Mapping[tuple[str, str], Decoder]
"""By service and operation, as botocore names them (`securityhub`, `GetFindings`)."""

_SUCCESS = 300
_any_object = msgspec.json.Decoder(dict[str, Any])


# The elements without which botocore's readers of these answers end in a KeyError.
_CREDENTIALS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "AssumeRole": _CREDENTIALS,
    "AssumeRoleWithWebIdentity": _CREDENTIALS,
    "GetCallerIdentity": ("Account",),
}
_QUERY = frozenset({"query", "ec2"})
_REST_XML = "rest-xml"
_JSON = frozenset({"json", "rest-json"})
# Members of requests that nobody may read, and the header that the session token travels in.
_SECRET_MEMBERS = ("ExternalId", "WebIdentityToken", "SAMLAssertion", "TokenCode")
_TOKEN_HEADER = "X-Amz-Security-Token"  # noqa: S105 - a name
_ASKED = "PostureAsked"


class RequestNote(NamedTuple):
    """What a request was about: `region` it went to, `role_arn` it asked for (AssumeRole…), its `secrets`."""

    region: str
    role_arn: str | None
    secrets: set[str]


def watch(session: AioSession, usage: Usage, decoders: Decoders) -> None:
    """Check and clean the answers to the clients of this session, and count those of every service.

    `decoders` is looked at with each answer: what is added later counts from then on.
    """
    events = session.get_component("event_emitter")
    events.register("before-parameter-build", _note_request)
    # After the signer, which is registered by the client.
    events.register_last("request-created", _note_token)
    events.register("before-parse", _CheckingXml(usage))
    events.register("before-parse", _CheckingJson(decoders))
    events.register("before-parse", note_unread)
    events.register_first("response-received", _clean)
    events.register("response-received", _Counting(usage))


def _note_request(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    """Note beside a request what it asks for (botocore's `before-parameter-build` event)."""
    secrets = {str(params[name]) for name in _SECRET_MEMBERS if params.get(name)}
    context[_ASKED] = RequestNote(str(context.get("client_region") or ""), params.get("RoleArn"), secrets)


def _note_token(request: Any, **_: object) -> None:  # noqa: ANN401 - botocore has no types
    """Note the session token that a request was signed with (botocore's `request-created` event)."""
    asked, token = request.context.get(_ASKED), request.headers.get(_TOKEN_HEADER)
    if asked is not None and token:
        asked.secrets.add(token if isinstance(token, str) else token.decode())


def _clean(parsed_response: dict[str, Any] | None, context: Mapping[str, Any], **_: object) -> None:
    """Take secrets out of all that AWS says in words, and say what was asked (`response-received` event)."""
    if parsed_response is None:
        return
    asked = context.get(_ASKED)
    secrets = asked.secrets if asked is not None else ()
    error, status = parsed_response.get("Error"), parsed_response.get("ResponseMetadata", {})
    if isinstance(error, dict) and status.get("HTTPStatusCode", 0) >= _SUCCESS:
        # botocore reads the members of an error's own shape beside "Error": the message once more.
        for said in (error, parsed_response):
            said.update(
                {
                    name: message_of_others(text, secrets)
                    for name, text in said.items()
                    if isinstance(text, str)
                }
            )
        error.update({"Region": asked.region, "RoleArn": asked.role_arn} if asked is not None else {})
    for member, entries in parsed_response.items():
        for entry in entries if member.startswith("Unprocessed") and isinstance(entries, list) else ():
            for name in ("ErrorMessage", "ErrorReason"):
                if isinstance(entry, dict) and entry.get(name):
                    entry[name] = message_of_others(entry[name], secrets)


class _CheckingXml:
    """Looks at answers in XML (botocore's `before-parse` event).

    botocore takes any XML for an answer, and its own error for a body that is no XML has all of the body in
    it: credentials, where it is the truncated answer to AssumeRole.
    """

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def __call__(
        self,
        event_name: str,
        operation_model: Any,  # noqa: ANN401 - botocore has no types
        response_dict: dict[str, Any],
        **_: object,
    ) -> None:
        """Raise ResponseParserError for a success that is none; give a refusal without a code its status."""
        protocol = operation_model.service_model.resolved_protocol
        body, status = response_dict["body"], response_dict["status_code"]
        if protocol in _QUERY and status >= _SUCCESS:
            if not _has_code(body):
                response_dict["body"] = _error_document(status, body)
        elif status < _SUCCESS and (protocol in _QUERY or protocol == _REST_XML):
            why = _why_no_answer(operation_model, body)
            if why:
                service, operation = event_name.split(".")[1:3]
                self._usage.answered(service, operation, "MalformedResponse")
                raise ResponseParserError(f"{len(body)} bytes that are no answer: {why}")


def _why_no_answer(operation_model: Any, body: bytes) -> str:  # noqa: ANN401 - botocore has no types
    """Say why a body in XML is no answer of an operation; empty where it is one.

    Answers of the query protocols have a root `<OperationResponse>` (Smithy, awsQuery and ec2Query). Those of
    REST services have one of any name; they are empty where the model has no member in the body, and S3's
    policies are JSON.
    """
    shape, rest = operation_model.output_shape, operation_model.service_model.resolved_protocol == _REST_XML
    if rest and (_is_raw(operation_model) or not (body or _members_in_body(shape))):
        return ""
    try:
        root = ET.fromstring(body)  # noqa: S314 - botocore does the same with it
    except ET.ParseError as error:
        return str(error)
    name = root.tag.rpartition("}")[2]
    if name.lower() == "html" if rest else not name.endswith("Response"):
        return f"<{name}>"
    missing = [each for each in _NEEDED.get(operation_model.name, ()) if not root.findtext(f".//{{*}}{each}")]
    wrapper = shape.serialization.get("resultWrapper") if shape is not None else None
    if wrapper and root.find(f"{{*}}{wrapper}") is None:
        missing.append(wrapper)
    return f"{', '.join(missing)} missing" if missing else ""


def _is_raw(operation_model: Any) -> bool:  # noqa: ANN401 - botocore has no types
    """Whether the body of an answer is somebody's bytes or text, and no members."""
    shape = operation_model.output_shape
    payload = shape is not None and shape.serialization.get("payload")
    return (
        operation_model.has_streaming_output
        or operation_model.has_event_stream_output
        or (payload and shape.members[payload].type_name != "structure")
    )


def _members_in_body(shape: Any) -> dict[str, Any]:  # noqa: ANN401 - botocore has no types
    """Return the members of an answer that are not in its headers or its status."""
    if shape is None:
        return {}
    return {name: each for name, each in shape.members.items() if "location" not in each.serialization}


def _has_code(body: bytes) -> bool:
    try:
        return ET.fromstring(body).find(".//{*}Code") is not None  # noqa: S314 - as above
    except ET.ParseError:
        return False


def _error_document(status: int, body: bytes) -> bytes:
    """Return a refusal as STS writes them; its code is the status, as botocore has it for JSON."""
    said = f"{len(body)} bytes that are no answer of AWS"
    error = f"<Error><Code>{status}</Code><Message>{said}</Message></Error>"
    return f"<ErrorResponse>{error}</ErrorResponse>".encode()


class _CheckingJson:
    """Looks at answers in JSON (botocore's `before-parse` event).

    It marks a successful answer whose body is none at MALFORMED. What a decoder made of a body is at DECODED.
    In both cases botocore's own parser gets an empty object, which costs nothing.
    """

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders

    def __call__(
        self,
        operation_model: Any,  # noqa: ANN401 - botocore has no types
        response_dict: dict[str, Any],
        customized_response_dict: dict[str, Any],
        **_: object,
    ) -> None:
        """Decode the body, or compare it with the operation's model; mark it where it is no answer."""
        service = operation_model.service_model
        if (
            response_dict["status_code"] >= _SUCCESS
            or service.resolved_protocol not in _JSON
            or _is_raw(operation_model)
        ):
            return
        body, decode = response_dict["body"], self._decoders.get((service.service_name, operation_model.name))
        try:
            if decode is None:
                _check_members(operation_model.output_shape, body)
            else:
                customized_response_dict[DECODED] = decode(body)
                response_dict["body"] = b"{}"
        except (ValueError, msgspec.DecodeError, RecursionError) as error:
            customized_response_dict[MALFORMED] = f"{len(body)} bytes that are no answer: {error}"
            response_dict["body"] = b"{}"


def _check_members(shape: Any, body: bytes) -> None:  # noqa: ANN401 - botocore has no types
    """Raise msgspec.DecodeError where a body lacks what the operation's model requires of every answer."""
    if shape is not None and (payload := shape.serialization.get("payload")):
        shape = shape.members[payload]
    inside = _members_in_body(shape)
    if shape is None:
        # Nothing is read of it, but it says whether AWS answered: a proxy says so in HTML.
        if body.lstrip().startswith(b"<"):
            raise msgspec.DecodeError("it is a page")
        return
    if not (body or inside):
        return
    answer = _any_object.decode(body)
    names = {
        name: inside[name].serialization.get("name", name)
        for name in shape.required_members
        if name in inside
    }
    missing = [name for name, written in names.items() if written not in answer]
    if missing:
        raise msgspec.ValidationError(f"{', '.join(missing)} missing")


class _Counting:
    """Counts each exchange by service, operation and outcome (botocore's `response-received` event)."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def __call__(
        self,
        event_name: str,
        parsed_response: dict[str, Any] | None,
        exception: Exception | None,
        **_: object,
    ) -> None:
        service, operation = event_name.split(".")[1:3]
        self._usage.answered(service, operation, _outcome(parsed_response, exception))


def _outcome(parsed: dict[str, Any] | None, exception: Exception | None) -> str:
    if parsed is None:
        return code_of(exception) if exception else "NoAnswer"
    if MALFORMED in parsed:
        return "MalformedResponse"
    status = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
    code = parsed.get("Error", {}).get("Code") if status and status >= _SUCCESS else None
    return str(code or status)
