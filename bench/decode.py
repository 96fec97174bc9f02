"""CPU of decoding alone: pages of GetFindings from bytes, beside botocore's parser on the same bytes."""

from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
import msgspec
from botocore.parsers import create_parser

from bench.isolation import alone
from bench.pages import pages
from bench.row import Aim, Row
from bench.sides import Samples, cpu_seconds, in_turns, middle
from posture.aws.securityhub.asff import FindingFields
from posture.aws.securityhub.wire import decode_page

_FINDINGS = 10_000
_REPETITIONS = 9
_STRUCTS, _FINDINGS_READ, _BOTOCORE = "structs", "findings", "botocore"


class _Page(msgspec.Struct, gc=False, rename="pascal"):
    findings: list[FindingFields]
    next_token: str | None = None


def measure(findings: int) -> list[Row]:
    """Measure the decoder by itself, and with all that makes domain findings of what it decoded."""
    samples = alone(_sample, min(findings, _FINDINGS))
    cpu = middle(samples)
    return [
        Row(
            measure="decode",
            what="CPU a finding, decoding alone: bytes to structs",
            unit="µs",
            ours=cpu[_STRUCTS],
            beside=cpu[_BOTOCORE],
            beside_is="botocore's parser: bytes to dicts",
            aim=Aim("ratio", "<=", 1 / 20),
            samples=tuple(samples[_STRUCTS]),
        ),
        Row(
            measure="decode",
            what="CPU a finding, decoded, checked and read: bytes to findings",
            unit="µs",
            ours=cpu[_FINDINGS_READ],
            beside=cpu[_BOTOCORE],
            beside_is="botocore's parser: bytes to dicts",
            samples=tuple(samples[_FINDINGS_READ]),
        ),
    ]


def _sample(findings: int) -> Samples:
    bodies = list(pages(findings))
    decoders = {
        _STRUCTS: msgspec.json.Decoder(_Page).decode,
        _FINDINGS_READ: decode_page,
        _BOTOCORE: _botocore_parser(),
    }
    sides = {name: partial(_microseconds, decode, bodies, findings) for name, decode in decoders.items()}
    for side in sides.values():
        side()
    return in_turns(sides, _REPETITIONS)


def _microseconds(decode: Callable[[bytes], object], bodies: list[bytes], findings: int) -> float:
    def decode_all() -> None:
        for body in bodies:
            decode(body)

    return cpu_seconds(decode_all) / findings * 1e6


def _botocore_parser() -> Any:  # noqa: ANN401 - a function of botocore, which has no types
    service = botocore.session.get_session().get_service_model("securityhub")
    shape = service.operation_model("GetFindings").output_shape
    parser = create_parser(service.metadata["protocol"])
    return lambda body: parser.parse({"status_code": 200, "headers": {}, "body": body}, shape)
