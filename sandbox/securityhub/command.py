"""`python -m sandbox securityhub`: the emulator as a process of its own."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.quotas import Quotas
from sandbox.securityhub.seed import apply_seed, seed_of
from sandbox.securityhub.server import SecurityHubServer


def main(argv: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code. Prints `{"url": …}` when it listens."""
    return asyncio.run(_serve(_arguments(argv)))


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox securityhub", description="A Security Hub on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 (default): a free one")
    parser.add_argument(
        "--sts-url", help="moto's address; without it only 12-digit access keys are told apart"
    )
    parser.add_argument("--seed", type=Path, help="JSON file: accounts, Regions, standards")
    parser.add_argument("--findings", type=Path, help="NDJSON file with findings")
    parser.add_argument(
        "--directory", type=Path, help="where the findings' database goes (default: temporary)"
    )
    parser.add_argument("--quotas", type=float, metavar="SCALE", help="apply AWS's quotas, times this")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input ends")
    return parser.parse_args(argv)


async def _serve(arguments: argparse.Namespace) -> int:
    quotas = Quotas(enabled=arguments.quotas is not None, scale=arguments.quotas or 1.0)
    emulator = Emulator(directory=arguments.directory, quotas=quotas)
    if arguments.seed is not None:
        apply_seed(emulator, seed_of(json.loads(arguments.seed.read_text(encoding="utf-8"))))
    if arguments.findings is not None:
        with arguments.findings.open("rb") as lines:
            emulator.load(line.strip() for line in lines if line.strip())
    server = SecurityHubServer(emulator, host=arguments.host, port=arguments.port, sts_url=arguments.sts_url)
    async with server:
        print(json.dumps({"url": server.url}), flush=True)
        await _until_told_to_stop(watch_stdin=arguments.until_stdin_closes)
    return 0


async def _until_told_to_stop(*, watch_stdin: bool) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    waiting: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait())]
    if watch_stdin:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        waiting.append(asyncio.create_task(_end_of(reader)))
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _end_of(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
