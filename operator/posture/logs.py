"""Logging: one line an occurrence, JSON or for a console, with the object and the cycle it belongs to."""

import contextlib
import contextvars
import itertools
import logging
import sys
from collections.abc import Iterator
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

_context: contextvars.ContextVar[tuple[tuple[str, str], ...]] = contextvars.ContextVar(
    "posture_log", default=()
)
_cycles = itertools.count(1)


class _Context(logging.Filter):
    """Puts the surrounding `bound` fields on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        fields = dict(_context.get())
        for key, value in fields.items():
            setattr(record, key, value)
        record.context = "".join(f" {key}={value}" for key, value in fields.items())
        return True


@contextlib.contextmanager
def bound(**fields: str) -> Iterator[None]:
    """Put `fields` (`target="security/organization"`, `cycle="7"`, ...) on every line logged inside."""
    token = _context.set(tuple({**dict(_context.get()), **fields}.items()))
    try:
        yield
    finally:
        _context.reset(token)


def next_cycle() -> str:
    """Return a number that no other cycle of this process has."""
    return str(next(_cycles))


def configure(log_format: Literal["json", "console"], level: str) -> None:
    """Send every log record of the process to standard error in `log_format`, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Context())
    handler.setFormatter(
        JsonFormatter(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            reserved_attrs=[*_RECORD_FIELDS, "context"],
        )
        if log_format == "json"
        else logging.Formatter("{asctime} {levelname:<7} {name}: {message}{context}", style="{")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # botocore tells of each credential that it finds; we log what follows from it.
    for chatty in ("botocore", "aiobotocore", "asyncio", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # kopf calls every passing refusal of the API server an error, aiobotocore tells of a refused role with a
    # traceback: what comes of either we say ourselves, once.
    for told_by_us in ("kopf", "aiobotocore.credentials", "botocore.credentials"):
        logging.getLogger(told_by_us).setLevel(logging.CRITICAL)


_RECORD_FIELDS = (*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "taskName")
