"""Which source a hub has, by its key: Security Hub, or an aggregator of AWS Config beside its findings."""

from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.config.client import AggregatorClient
from posture.aws.securityhub.client import SecurityHub
from posture.domain.findings import CheckSource
from posture.hubs.demand import HubKey
from posture.sources.base import SourceMaker
from posture.sources.config.source import ConfigAggregators
from posture.sources.securityhub.source import SecurityHubs


def source_maker(key: HubKey, sessions: Sessions, limiters: Limiters, usage: Usage) -> SourceMaker:
    """Return what makes the source of a hub. All of it is asked as one identity, in one Region."""
    identity = Identity(key.role_arn, key.external_id, key.region)
    hub = SecurityHub(sessions, identity, limiters, usage)
    if key.source is CheckSource.SECURITY_HUB:
        return SecurityHubs(hub)
    return ConfigAggregators(
        AggregatorClient(sessions, identity, limiters, usage),
        hub,
        lambda: sessions.account(identity),
        region=key.region,
        name=key.aggregator,
    )
