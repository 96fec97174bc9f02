"""Logging: one line an occurrence, JSON or for a console, with the object and the cycle it belongs to.

Whoever works for an object, or runs a round of anything, says so once with `bound`; every line that is logged
inside carries it, a library's too: the fields follow the context (`contextvars`) into tasks, and into threads
that are started in a copy of it. What a terminal would act on is escaped, in messages and fields alike.

- `cycle`: a number for one round of whoever logs; no other round of the process has it.
- `target`: the PostureTarget (namespace/name) that a line is about, or the list of those that a hub serves.
- `hub`, `policy`, `rule`, `remediation`, `output`: whose round it is, and what in a round a line is about.
"""

import contextlib
import contextvars
import copy
import itertools
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pythonjsonlogger.json import JsonFormatter

from posture.domain.text import printable, printable_json, without_secrets

Field = str | Sequence[str] | Callable[[], Sequence[str]]
"""What a field says: a text, names, or whom to ask for names at each line, from whichever thread logs it."""

NAMES_SHOWN = 5

_context: contextvars.ContextVar[Mapping[str, Field]] = contextvars.ContextVar("posture_log", default={})  # noqa: B039 - a Mapping: it is replaced, never changed
_cycles = itertools.count(1)

_RECORD_FIELDS = (*vars(logging.LogRecord("", 0, "", 0, "", (), None)), "message", "asctime", "taskName")
_RENAMED = {"asctime": "time", "levelname": "level", "name": "logger"}
_RESERVED = frozenset({*_RECORD_FIELDS, *_RENAMED.values(), "context"})


class _WithoutSecrets(logging.Formatter):
    """Shows no credentials, whoever quotes them: a library's message, or an exception in a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.msg, record.args = without_secrets(record.getMessage()), None
        return super().format(record)

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - as logging has it
        return without_secrets(super().formatException(ei))


class _Json(_WithoutSecrets, JsonFormatter):
    """One JSON object a line; a text in it means what was logged."""

    def format(self, record: logging.LogRecord) -> str:
        return printable_json(super().format(record))


class _Console(_WithoutSecrets):
    """One line an occurrence, whatever is in its message; a traceback follows, indented.

    So no text of anybody else looks like a line of its own.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        first, *traceback = super().format(record).split("\n")
        return "\n".join((first, *(f"    {printable(line)}" for line in traceback)))


class _Context(logging.Filter):
    """Puts the surrounding `bound` fields on each record; what a line says itself stays."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = []
        for key, field in _context.get().items():
            said = getattr(record, key, None) or _said(field)
            if not said:
                continue
            setattr(record, key, said)
            context.append(f" {key}={','.join(said) if isinstance(said, list) else said}")
        record.context = "".join(context)
        return True


def _said(field: Field) -> str | list[str]:
    """Return what a field says at this moment: many names are cut to some and how many more there are."""
    if isinstance(field, str):
        return field
    names = list(field() if callable(field) else field)
    left = len(names) - NAMES_SHOWN
    return [*names[:NAMES_SHOWN], f"+{left}"] if left > 0 else names


@contextlib.contextmanager
def bound(**fields: Field) -> Iterator[None]:
    """Put `fields` (`target="security/organization"`, `cycle=next_cycle()`, ...) on every line logged inside.

    An inner field takes the place of an outer one of its name; one that says nothing is left out. Raises
    ValueError for a name that a line has already.
    """
    if taken := _RESERVED & fields.keys():
        raise ValueError(f"every log line has these fields already: {', '.join(sorted(taken))}")
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def apart() -> contextvars.Context:
    """Return the context for a task that outlives the round which starts it, and has rounds of its own."""
    context = contextvars.copy_context()
    context.run(_context.set, {})
    return context


def next_cycle() -> str:
    """Return a number that no other cycle of this process has."""
    return str(next(_cycles))


def configure(log_format: Literal["json", "console"], level: str) -> None:
    """Send every log record of the process to standard error in `log_format`, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_Context())
    handler.setFormatter(
        _Json(
            "{asctime}{levelname}{name}{message}",
            style="{",
            rename_fields=_RENAMED,
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            reserved_attrs=[*_RECORD_FIELDS, "context"],
        )
        if log_format == "json"
        else _Console("{asctime} {levelname:<7} {name}: {message}{context}", style="{")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # botocore tells of each credential that it finds; we log what follows from it.
    for chatty in ("botocore", "aiobotocore", "asyncio", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level.upper())))
    # kopf calls every passing refusal of the API server an error, aiobotocore tells of a refused role with a
    # traceback: what comes of either we say ourselves, once.
    for told_by_us in ("kopf", "aiobotocore.credentials", "botocore.credentials"):
        logging.getLogger(told_by_us).setLevel(logging.CRITICAL)
