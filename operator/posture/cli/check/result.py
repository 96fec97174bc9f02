"""What a check came to, and how it is printed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from posture.aws.client.errors import AccessDenied, AwsError
from posture.domain.text import one_line

_GAP = "   "


class CheckStatus(StrEnum):
    """How a check ended; `UNKNOWN`: it could not be told, and the message says why."""

    OK = "ok"
    FAILED = "failed"
    WARNING = "warning"
    UNKNOWN = "unknown"


class Judgement(NamedTuple):
    """What was found, and what to do about it; `advice` is empty where there is nothing to be done."""

    status: CheckStatus
    message: str
    advice: str = ""

    def named(self, check: str) -> "CheckResult":
        """Return it as the result of a check."""
        return CheckResult(check, *self)


class CheckResult(NamedTuple):
    """One check. `check`: its name, below a target `namespace/name/…`."""

    check: str
    status: CheckStatus
    message: str
    advice: str = ""


def ok(message: str) -> Judgement:
    """Say that it is as it should be."""
    return Judgement(CheckStatus.OK, message)


def failed(message: str, advice: str) -> Judgement:
    """Say that something needed does not work."""
    return Judgement(CheckStatus.FAILED, message, advice)


def warning(message: str, advice: str) -> Judgement:
    """Say that it works, and could be better."""
    return Judgement(CheckStatus.WARNING, message, advice)


def unknown(message: str, advice: str = "") -> Judgement:
    """Say why it could not be told."""
    return Judgement(CheckStatus.UNKNOWN, message, advice)


def needed_call_failed(error: AwsError) -> Judgement:
    """Say of a call that is needed that it does not work."""
    return failed(_said(error), error.advice)


def optional_call_failed(error: AwsError) -> Judgement:
    """Say of a call that nothing depends on why it has no answer."""
    if isinstance(error, AccessDenied):
        return unknown(f"not permitted: {_said(error)}", error.advice)
    return unknown(_said(error), error.advice)


def is_failed(results: Sequence[CheckResult]) -> bool:
    """Whether something needed does not work."""
    return any(each.status is CheckStatus.FAILED for each in results)


def document_of(result: CheckResult) -> dict[str, Any]:
    """Return a result as `-o json` prints it."""
    return {
        "check": result.check,
        "status": result.status.value,
        "message": result.message,
        "advice": result.advice,
    }


def as_lines(results: Sequence[CheckResult]) -> str:
    """Return results for a terminal: a line each, and a second one with the advice where there is any."""
    shown = [(each.status.value, each.check, each.message, each.advice) for each in results]
    first, second = (max((len(row[column]) for row in shown), default=0) for column in (0, 1))
    first, second = max(first, len("STATUS")), max(second, len("CHECK"))
    lines = [f"{'STATUS'.ljust(first)}{_GAP}{'CHECK'.ljust(second)}{_GAP}MESSAGE"]
    for status, check, message, advice in shown:
        lines.append(f"{status.ljust(first)}{_GAP}{check.ljust(second)}{_GAP}{one_line(message)}")
        if advice:
            lines.append(f"{' ' * first}{_GAP}→ {one_line(advice)}")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _said(error: AwsError) -> str:
    return f"{error.service}:{error.operation}: {error.code}: {error.message}"
