"""The control endpoint, `/_control/…`: JSON in and out, for tests, demo and bench. Not a part of AWS.

Wrong requests are answered with 400 and `{"error": why}`.
"""

import asyncio
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from sandbox.config.control import ConfigControl
from sandbox.securityhub.accounts import Association, Member
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.emulator import Emulator
from sandbox.securityhub.errors import ApiError
from sandbox.securityhub.events import EventsRequest
from sandbox.securityhub.faults import Fault
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.identity import Identities
from sandbox.securityhub.mutations import mutate, mutation_of
from sandbox.securityhub.query import View, count
from sandbox.securityhub.quotas import Rate
from sandbox.securityhub.requests import (
    _OF_ORGANIZATION,
    ClockRequest,
    ControlRequest,
    CredentialsRequest,
    HubRequest,
    MembersRequest,
    SettingsRequest,
    StalenessRequest,
)
from sandbox.securityhub.seed import apply_seed, seed_of, set_control

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOAD_CHUNK = 2000
T = TypeVar("T")


class Control:
    """The handlers."""

    def __init__(self, emulator: Emulator, identities: Identities) -> None:
        self._emulator = emulator
        self._identities = identities

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Serve the control endpoint."""
        handlers: dict[tuple[str, str], Handler] = {
            ("GET", "health"): self._health,
            ("POST", "reset"): self._reset,
            ("POST", "seed"): self._seed,
            ("POST", "load"): self._load,
            ("POST", "mutate"): self._mutate,
            ("GET", "findings"): self._findings,
            ("POST", "count"): self._count,
            ("POST", "clock"): self._clock,
            ("POST", "hub"): self._hub,
            ("POST", "control"): self._control,
            ("POST", "members"): self._members,
            ("POST", "settings"): self._settings,
            ("POST", "staleness"): self._staleness,
            ("POST", "events"): self._events,
            ("POST", "credentials"): self._credentials,
            ("POST", "tokens/expire"): self._expire_tokens,
            ("POST", "faults"): self._add_fault,
            ("GET", "faults"): self._list_faults,
            ("DELETE", "faults"): self._remove_faults,
            ("GET", "calls"): self._list_calls,
            ("DELETE", "calls"): self._reset_calls,
        }
        config = ConfigControl(self._emulator)
        handlers |= {
            ("POST", "config/rule"): _answered(config.rule),
            ("GET", "config/rules"): _answered(config.rules),
            ("POST", "config/pack/delete"): _answered(config.delete_pack),
            ("POST", "config/source"): _answered(config.source),
            ("POST", "config/settings"): _answered(config.settings),
        }
        for (method, name), handler in handlers.items():
            router.add_route(method, f"/_control/{name}", _explained(handler))

    async def _health(self, _: web.Request) -> web.Response:
        emulator = self._emulator
        pending = emulator.settle()
        return _json(
            {
                "findings": len(emulator.store),
                "pending": pending,
                "now": emulator.clock.timestamp(),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "cpu_seconds": time.process_time(),
            }
        )

    async def _reset(self, _: web.Request) -> web.Response:
        self._emulator.reset()
        self._identities.forget()
        return _json({})

    async def _seed(self, request: web.Request) -> web.Response:
        seed = seed_of(await request.json())
        apply_seed(self._emulator, seed)
        return _json({"hubs": len(self._emulator.organization.hubs)})

    async def _load(self, request: web.Request) -> web.Response:
        """Take NDJSON from the body, or from the file that `path` names here."""
        path = request.query.get("path")
        lines = _lines_of_file(Path(path)) if path else _lines_of_body(request)
        store = self._emulator.store
        before = len(store)
        with store.bulk():
            chunk: list[bytes] = []
            async for line in lines:
                chunk.append(line)
                if len(chunk) == _LOAD_CHUNK:
                    self._load_chunk(chunk)
                    await asyncio.sleep(0)
            self._load_chunk(chunk)
        return _json({"loaded": len(store) - before})

    def _load_chunk(self, chunk: list[bytes]) -> None:
        for _ in self._emulator.store.load(chunk):
            pass
        chunk.clear()

    async def _mutate(self, request: web.Request) -> web.Response:
        """Take `{"mutations": [{"op": …}, …]}`."""
        documents = (await request.json())["mutations"]
        mutations = [mutation_of(document) for document in documents]
        self._emulator.settle()
        return _json({"changed": mutate(self._emulator, mutations)})

    async def _findings(self, request: web.Request) -> web.StreamResponse:
        """Stream the true state as NDJSON, of one `account` or `region` where they are given."""
        self._emulator.settle()
        view = View(
            frozenset({request.query["account"]}) if "account" in request.query else None,
            frozenset({request.query["region"]}) if "region" in request.query else None,
        )
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for seq, body in self._emulator.store.all_bodies():
            if view == View() or view.shows(*self._emulator.store.place(seq)):
                await response.write(body + b"\n")
        await response.write_eof()
        return response

    async def _count(self, request: web.Request) -> web.Response:
        """Count what GetFindings filters match in the true state of all accounts and Regions."""
        self._emulator.settle()
        filters = compile_filters(await request.json(), self._emulator.clock.now())
        return _json({"findings": count(self._emulator.store, filters, View())})

    async def _clock(self, request: web.Request) -> web.Response:
        wanted, clock = await _read(request, ClockRequest), self._emulator.clock
        if wanted.real:
            clock.use_real_time()
        if wanted.freeze is not None:
            clock.freeze(frozen=wanted.freeze)
        if wanted.set is not None:
            moment = parse_timestamp(wanted.set)
            if moment is None:
                raise ValueError(f"set: {wanted.set!r} is no timestamp such as 2026-11-22T06:00:00Z")
            clock.set(moment)
        clock.advance(wanted.advance)
        return _json({"now": clock.timestamp()})

    async def _hub(self, request: web.Request) -> web.Response:
        wanted, organization = await _read(request, HubRequest), self._emulator.organization
        if wanted.enabled or (wanted.account, wanted.region) not in organization.hubs:
            organization.enable(wanted.account, wanted.region, self._emulator.clock.now())
        hub = organization.hubs[wanted.account, wanted.region]
        if wanted.enabled is False:
            hub.enabled = False
        if wanted.control_finding_generator is not None:
            hub.control_finding_generator = wanted.control_finding_generator
        if wanted.auto_enable_controls is not None:
            hub.auto_enable_controls = wanted.auto_enable_controls
        if wanted.second_version is not None:
            organization.second_hubs.pop((wanted.account, wanted.region), None)
            if wanted.second_version:
                place = wanted.account, wanted.region
                organization.second_hubs[place] = self._emulator.clock.now()
        if wanted.standards is not None:
            for path in [path for path in hub.standards if path not in wanted.standards]:
                hub.unsubscribe(path)
            for path in [path for path in wanted.standards if path not in hub.standards]:
                hub.subscribe(path)
        return _json({"enabled": hub.enabled, "standards": hub.standards})

    async def _control(self, request: web.Request) -> web.Response:
        wanted = await _read(request, ControlRequest)
        association = Association(wanted.enabled, wanted.reason, self._emulator.clock.now())
        hubs = set_control(
            self._emulator,
            wanted.standard,
            wanted.control,
            account=wanted.account,
            region=wanted.region,
            association=association,
        )
        return _json({"hubs": hubs})

    async def _members(self, request: web.Request) -> web.Response:
        wanted, organization = await _read(request, MembersRequest), self._emulator.organization
        now = self._emulator.clock.now()
        if wanted.join and organization.administrator is None:
            raise ValueError("join: there is no administrator; the seed names it")
        for account, name in wanted.join.items():
            organization.names[account] = name
            member = Member(account, str(organization.administrator), now, f"{account}@example.com")
            organization.members[account] = member
        for account in wanted.leave:
            organization.members.pop(account, None)
        for account, status in wanted.status.items():
            organization.members[account] = replace(organization.members[account], status=status)
        for name in _OF_ORGANIZATION:
            if (value := getattr(wanted, name)) is not None:
                setattr(organization, name, value)
        return _json({"members": sorted(organization.members)})

    async def _settings(self, request: web.Request) -> web.Response:
        wanted, emulator = await _read(request, SettingsRequest), self._emulator
        settings, quotas = emulator.settings, emulator.quotas
        if wanted.quotas is not None:
            quotas.enabled = quotas.enabled if wanted.quotas.enabled is None else wanted.quotas.enabled
            quotas.scale = quotas.scale if wanted.quotas.scale is None else wanted.quotas.scale
            quotas.rates |= {name: Rate(*rate) for name, rate in wanted.quotas.rates.items()}
            quotas.refill()
        if wanted.latency is not None:
            settings.latency = wanted.latency
        if wanted.merge_user_fields is not None:
            settings.merge_user_fields = wanted.merge_user_fields
        if wanted.update_delay is not None:
            settings.update_delay = wanted.update_delay
        if wanted.token_lifetime is not None:
            emulator.tokens.lifetime = wanted.token_lifetime
        if wanted.v2_suppressed is not None:
            settings.v2_suppressed = frozenset(wanted.v2_suppressed)
        if wanted.v2_shares is not None:
            settings.v2_shares = wanted.v2_shares
        if wanted.offset_tokens is not None:
            emulator.tokens.are_offsets = wanted.offset_tokens
        return _json({})

    async def _events(self, request: web.Request) -> web.Response:
        self._emulator.events.tell(await _read(request, EventsRequest))
        return _json({})

    async def _staleness(self, request: web.Request) -> web.Response:
        wanted, staleness = await _read(request, StalenessRequest), self._emulator.staleness
        staleness.forget()
        staleness.seconds, staleness.probability = wanted.seconds, wanted.probability
        staleness.ids = frozenset(wanted.ids) if wanted.ids is not None else None
        return _json({})

    async def _credentials(self, request: web.Request) -> web.Response:
        wanted = await _read(request, CredentialsRequest)
        for access_key, account in wanted.register.items():
            self._identities.register(access_key, account)
        if wanted.restore:
            self._identities.restore()
        expired: list[str] = []
        if wanted.expire is not None:
            expired = self._identities.expire(None if wanted.expire == "*" else wanted.expire)
        return _json({"expired": len(expired)})

    async def _expire_tokens(self, _: web.Request) -> web.Response:
        self._emulator.tokens.expire_all()
        return _json({})

    async def _add_fault(self, request: web.Request) -> web.Response:
        fault = Fault(**await request.json())
        self._emulator.faults.rules.append(fault)
        return _json({"id": fault.id})

    async def _list_faults(self, _: web.Request) -> web.Response:
        return _json({"faults": self._emulator.faults.describe()})

    async def _remove_faults(self, request: web.Request) -> web.Response:
        """Lift the fault with this `id`, or all."""
        identifier = request.query.get("id")
        self._emulator.faults.remove(int(identifier) if identifier else None)
        return _json({})

    async def _list_calls(self, request: web.Request) -> web.Response:
        """Return counts and the last requests, of one `operation` where it is given."""
        calls, operation = self._emulator.calls, request.query.get("operation")
        counts = [it for it in calls.counts() if operation in (None, it["operation"])]
        return _json({"counts": counts, "requests": calls.recent(operation)})

    async def _reset_calls(self, _: web.Request) -> web.Response:
        self._emulator.calls.reset()
        return _json({})


def _answered(handler: Callable[[web.Request], Awaitable[dict[str, Any]]]) -> Handler:
    """Answer with what a handler returns, as JSON."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return _json(await handler(request))

    return handle


def _explained(handler: Handler) -> Handler:
    """Answer wrong requests with the reason."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            return _json({"error": error.message}, status=400)
        except (ValueError, KeyError, TypeError, OSError) as error:
            # msgspec's errors are ValueErrors.
            return _json({"error": f"{type(error).__name__}: {error}"}, status=400)

    return handle


async def _read(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)


def _json(document: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON
    body = msgspec.json.encode(document)
    return web.Response(body=body, status=status, content_type="application/json")


async def _lines_of_file(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if stripped := line.strip():
                yield stripped


async def _lines_of_body(request: web.Request) -> AsyncIterator[bytes]:
    rest = b""
    async for data in request.content.iter_any():
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if stripped := line.strip():
                yield stripped
    if stripped := rest.strip():
        yield stripped
