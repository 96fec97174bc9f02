"""What is read at each scrape: the hubs that this replica works on, calls, leases, the configuration."""

from collections.abc import Iterable

from posture.aws.usage import Usage
from posture.config import ConfigFile
from posture.hubs.hub import Hub
from posture.metrics import families
from posture.metrics.exposition import Samples, Value
from posture.metrics.families import Family

MICROSECONDS = 1_000_000


def process_samples(usage: Usage, config: ConfigFile, *, held: int) -> Samples:
    """Return the counters of calls, the hubs held and how the configuration stands."""
    return {
        families.AWS_REQUESTS: [(key, count) for key, count in usage.requests.items()],
        families.AWS_THROTTLED: [(key, seconds) for key, seconds in usage.throttled_seconds.items()],
        families.WRITES_FROZEN: [((), float(config.current().frozen))],
        families.CONFIG_LAST_RELOAD_SUCCESSFUL: [((), float(config.error is None))],
        families.LEASES_HELD: [((), held)],
    }


def hub_samples(hubs: Iterable[Hub]) -> Samples:
    """Return the sync of each hub; what has not happened yet is left out."""
    samples: dict[Family, list[Value]] = {}
    for hub in hubs:
        status = hub.status
        labels = (hub.name, status.facts.account_id if status.facts else "", hub.key.region)
        for family, value in (
            (families.SYNC_LAST_SUCCESS, _seconds(status.last_success)),
            (families.SYNC_DURATION, status.duration_seconds),
            (families.SYNC_INTERVAL, status.interval_seconds),
            (families.SYNC_PROGRESS, status.progress),
        ):
            if value is not None:
                samples.setdefault(family, []).append((labels, value))
        for family, counts in (
            (families.SYNC_ERRORS, status.errors),
            (families.SYNC_CORRECTIONS, status.corrections),
        ):
            samples.setdefault(family, []).extend(
                ((*labels, _snake_case(reason)), count) for reason, count in counts.items()
            )
    return samples


def _snake_case(reason: str) -> str:
    """Return a condition's reason (`AccessDenied`) as labels spell it (`access_denied`)."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in reason).lstrip("_")


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / MICROSECONDS
