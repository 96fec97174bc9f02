import aiohttp
import pytest

from posture.publish.prometheus.exposition import Exposition, rendered, serve_metrics
from posture.publish.prometheus.families import LEASES_HELD


async def test_metrics_and_probes_are_served_with_their_reasons() -> None:
    exposition = Exposition()
    exposition.publish("process", rendered({LEASES_HELD: [((), 2)]}))
    reason: list[str | None] = ["the CRD posturetargets.posture.dev is missing"]
    async with (
        serve_metrics(
            exposition, "127.0.0.1", 0, not_ready=lambda: reason[0], unhealthy=lambda: None
        ) as address,
        aiohttp.ClientSession(f"http://{address}") as session,
    ):
        async with session.get("/metrics") as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            assert answer.headers["Content-Type"].startswith("text/plain; version=")
            assert "posture_leases_held 2.0" in await answer.text()
        async with session.get("/metrics", headers={"Accept-Encoding": "identity"}) as answer:
            assert "Content-Encoding" not in answer.headers
            assert "posture_leases_held 2.0" in await answer.text()
        async with session.get("/healthz") as answer:
            assert answer.status == 200
        async with session.get("/readyz") as answer:
            assert answer.status == 503
            assert await answer.text() == "the CRD posturetargets.posture.dev is missing\n"
        reason[0] = "the API server says \x1b[2J\u202e"
        async with session.get("/readyz") as answer:
            assert await answer.text() == "the API server says \\x1b[2J\\u202e\n"
        reason[0] = None
        async with session.get("/readyz") as answer:
            assert answer.status == 200


async def test_a_taken_address_is_an_error() -> None:
    exposition = Exposition()
    async with serve_metrics(
        exposition, "127.0.0.1", 0, not_ready=lambda: None, unhealthy=lambda: None
    ) as address:
        with pytest.raises(OSError, match="address already in use"):
            async with serve_metrics(
                exposition,
                "127.0.0.1",
                int(address.rpartition(":")[2]),
                not_ready=lambda: None,
                unhealthy=lambda: None,
            ):
                raise AssertionError("served twice on one address")
