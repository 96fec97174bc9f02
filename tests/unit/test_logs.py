"""Every line says for whom and in which round it was logged: never of another, never of nobody."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from hypothesis import given

from posture import logs
from posture.domain.text import printable
from posture.logs import NAMES_SHOWN, apart, bound, next_cycle
from posture.sources.thread import Worker
from tests.support.examples import examples
from tests.support.hostile import acts, texts

Read = Callable[[], list[dict[str, Any]]]

logger = logging.getLogger("posture.something")
library = logging.getLogger("botocore.endpoint")


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error, and logging as it was afterwards."""
    written = io.StringIO()
    # pytest puts another sys.stderr in place between set-up and test.
    monkeypatch.setattr(logs, "sys", SimpleNamespace(stderr=written))
    root = logging.getLogger()
    quiet = ["botocore", "aiobotocore", "asyncio", "urllib3", "kopf"]
    quiet += ["aiobotocore.credentials", "botocore.credentials"]
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in quiet}
    root.handlers.clear()
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def lines(page: io.StringIO) -> Read:
    """What was logged as JSON."""
    logs.configure("json", "info")
    return lambda: [json.loads(line) for line in page.getvalue().splitlines()]


@pytest.fixture
def console(page: io.StringIO) -> Callable[[], list[str]]:
    """What was logged for a console, without the times."""
    logs.configure("console", "info")
    return lambda: [re.sub(r"^\d\S+ \S+ ", "", line) for line in page.getvalue().splitlines()]


def fields(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if key not in {"time", "level", "logger", "message"}}


def test_a_line_outside_of_everything_has_no_fields(lines: Read) -> None:
    logger.info("started")
    (line,) = lines()
    assert fields(line) == {}
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "posture.something", "started")


def test_fields_stand_in_json_as_what_they_are(lines: Read) -> None:
    with bound(hub="posture-hub-1", target=["a/b", "a/c"], cycle="7"):
        logger.info("polled")
    assert fields(lines()[0]) == {"hub": "posture-hub-1", "target": ["a/b", "a/c"], "cycle": "7"}


def test_fields_stand_behind_the_message_on_a_console(console: Callable[[], list[str]]) -> None:
    logger.warning("started")
    with bound(hub="posture-hub-1", target=["a/b", "a/c"], cycle="7"):
        logger.info("polled")
    assert console() == [
        "WARNING posture.something: started",
        "INFO    posture.something: polled hub=posture-hub-1 target=a/b,a/c cycle=7",
    ]


def test_an_inner_field_takes_the_place_of_the_outer_one_and_gives_it_back(lines: Read) -> None:
    with bound(target="a/outer", cycle="1"):
        with bound(target="a/inner", policy="a/p"):
            logger.info("inside")
        logger.info("outside")
    inside, outside = map(fields, lines())
    assert inside == {"target": "a/inner", "cycle": "1", "policy": "a/p"}
    assert outside == {"target": "a/outer", "cycle": "1"}


def test_what_ends_by_an_error_takes_its_fields_along(lines: Read) -> None:
    def fails() -> None:
        with bound(target="a/b"):
            raise KeyError("x")

    with pytest.raises(KeyError):
        fails()
    logger.info("afterwards")
    assert fields(lines()[0]) == {}


@pytest.mark.parametrize("count", [NAMES_SHOWN + 1, 30])
def test_many_targets_do_not_make_a_line_long(count: int, lines: Read) -> None:
    names = [f"security/target-{number:02}" for number in range(count)]
    with bound(target=names):
        logger.info("polled")
    assert lines()[0]["target"] == [*names[:NAMES_SHOWN], f"+{count - NAMES_SHOWN}"]


def test_as_many_as_are_shown_are_not_cut(lines: Read) -> None:
    names = [f"a/{number}" for number in range(NAMES_SHOWN)]
    with bound(target=names):
        logger.info("polled")
    assert lines()[0]["target"] == names


def test_names_that_change_while_the_round_lasts_are_those_of_the_moment(lines: Read) -> None:
    names = ["a/b"]
    with bound(target=lambda: names):
        logger.info("one")
        names.append("a/c")
        logger.info("two")
        names.clear()
        logger.info("none")
    assert [line.get("target") for line in lines()] == [["a/b"], ["a/b", "a/c"], None]


@pytest.mark.parametrize(
    "name", ["name", "message", "msg", "levelname", "level", "logger", "time", "context"]
)
def test_a_field_cannot_take_the_place_of_what_a_line_is(name: str, lines: Read) -> None:
    with pytest.raises(ValueError, match=name), bound(**{name: "x"}):
        pass  # pragma: no cover - never reached
    logger.info("as ever")
    assert lines()[0]["logger"] == "posture.something"


def test_a_library_s_line_carries_the_fields_too(lines: Read) -> None:
    with bound(target="a/b", policy="a/p", cycle="3"):
        library.warning("Connection pool is full")
    assert fields(lines()[0]) == {"target": "a/b", "policy": "a/p", "cycle": "3"}


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("own", ["b/own", 7, {"odd": "type"}])
def test_a_line_that_names_its_own_policy_keeps_it(
    own: object, form: Literal["json", "console"], page: io.StringIO
) -> None:
    logs.configure(form, "info")
    with bound(policy="a/p", cycle="3"):
        library.warning("about another", extra={"policy": own})
    text = page.getvalue()
    assert "a/p" not in text
    assert (json.dumps(own) if form == "json" else f"policy={own}") in text
    assert "cycle" in text


def test_a_line_below_the_level_costs_no_names(lines: Read) -> None:
    def asked() -> list[str]:
        raise AssertionError("nobody logs")

    with bound(target=asked):
        logger.debug("not shown")
    assert lines() == []


def test_a_traceback_stays_on_its_one_line_of_json(lines: Read) -> None:
    with bound(target="a/b"):
        try:
            json.loads("two\nlines")
        except ValueError:
            logger.exception("It\nfailed")
    (line,) = lines()
    assert line["target"] == "a/b"
    assert "Traceback" in line["exc_info"]


async def test_tasks_that_take_turns_do_not_mix_their_fields(lines: Read) -> None:
    async def round_of(name: str) -> None:
        with bound(target=name, cycle=next_cycle()):
            for _ in range(20):
                logger.info(name)
                await asyncio.sleep(0)

    await asyncio.gather(*(round_of(f"a/{number}") for number in range(5)))
    found = lines()
    assert len(found) == 100
    assert all(line["target"] == line["message"] for line in found)
    assert len({(line["target"], line["cycle"]) for line in found}) == 5


async def test_what_a_round_starts_belongs_to_it_even_when_it_lasts_longer(lines: Read) -> None:
    go_on = asyncio.Event()

    async def sweep() -> None:
        await go_on.wait()
        logger.info("swept")

    with bound(cycle="1"):
        task = asyncio.create_task(sweep())
    with bound(cycle="2"):
        go_on.set()
        await task
    assert lines()[0]["cycle"] == "1"


async def test_what_has_rounds_of_its_own_is_not_of_the_round_that_started_it(lines: Read) -> None:
    async def lives() -> None:
        logger.info("alive")
        with bound(target="a/b"):
            logger.info("at work")

    with bound(cycle="1", policy="a/p"):
        await asyncio.create_task(lives(), context=apart())
        logger.info("the round goes on")
    assert [fields(line) for line in lines()] == [{}, {"target": "a/b"}, {"cycle": "1", "policy": "a/p"}]


async def test_the_thread_of_a_hub_says_for_whom_it_works(lines: Read) -> None:
    worker = Worker("posture-hub-1")
    for name in ("a/b", "a/c"):
        with bound(target=name):
            await worker.call(logger.info, name)
    await worker.call(logger.info, "nobody")
    await worker.close(lambda: None)
    first, second, third = lines()
    assert (first["target"], second["target"]) == ("a/b", "a/c")
    assert fields(third) == {}, "the thread keeps nothing of whom it worked for"


async def test_work_that_was_given_up_still_says_for_whom_it_was_done(lines: Read) -> None:
    worker, loop = Worker("posture-hub-1"), asyncio.get_running_loop()
    begun, go_on = asyncio.Event(), asyncio.Event()

    def works() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(timeout=10)
        logger.info("done all the same")

    with bound(target="a/b"):
        task = asyncio.create_task(worker.call(works))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with bound(target="a/c"):
        go_on.set()
        await worker.close(lambda: None)
    assert lines()[0]["target"] == "a/b"


def test_no_two_rounds_have_one_number() -> None:
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: next_cycle(), range(2000)))
    assert len(set(numbers)) == 2000


def chained(secret: str) -> KeyError:
    """An exception with a cause that quotes a secret, and a frame in its traceback."""
    error = KeyError("it")
    error.__cause__ = ValueError(f"sent x-amz-security-token:{secret}\nto http://user:{secret}@proxy:3128")
    return error


def test_no_line_shows_what_looks_like_a_credential(lines: Read) -> None:
    """Neither what a library says nor the causes of an exception, which nobody of ours has worded."""
    logger.error("Authorization: Bearer %s", "S3CRET", exc_info=chained("S3CRET"))
    [line] = lines()
    assert "S3CRET" not in json.dumps(line)
    assert line["message"] == "Authorization: [removed]"
    assert "x-amz-security-token:[removed]" in line["exc_info"]
    assert "KeyError: 'it'" in line["exc_info"]


def test_no_line_for_a_console_shows_one_either(console: Callable[[], list[str]]) -> None:
    logger.error("SecretAccessKey: %s", "S3CRET", exc_info=chained("S3CRET"))
    assert "S3CRET" not in "".join(console())
    assert "".join(console()).count("[removed]") == 3


def test_a_record_is_left_as_it_is_for_other_handlers(lines: Read, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger().addHandler(caplog.handler)
    logger.info("%s of %s", "one", "two")
    assert lines()[0]["message"] == "one of two"
    assert caplog.records[0].args == ("one", "two")


@given(texts)
@examples(100)
def test_what_others_say_does_nothing_to_a_terminal(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", (text,), None)
    record.context = f" target={text}"
    shown = logs._Console("{message}{context}", style="{").format(record)
    assert acts(shown) == set(), "one line, and nothing in it acts"
    (line,) = logs._Json("{message}{context}", style="{").format(record).splitlines()
    assert acts(line) == set()
    assert json.loads(line)["message"] == text


def test_nobody_writes_a_line_of_the_log_by_a_name(console: Callable[[], list[str]]) -> None:
    forged = "x\n2026-11-29 10:00:00,000 ERROR posture.process: all is lost"
    logger.warning("finding %s", forged)
    with bound(policy=forged):
        try:
            int(forged)
        except ValueError:
            logger.exception("It failed")
    lines = console()
    assert [line for line in lines if "all is lost" in line and not line.startswith("    ")] == [
        f"WARNING posture.something: finding {printable(forged)}",
        f"ERROR   posture.something: It failed policy={printable(forged)}",
    ]
    assert all(line.startswith(("    ", "WARNING posture.something: ", "ERROR   posture.")) for line in lines)
