"""What every reconciler of this process works with."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.organizations.client import Organizations
from posture.aws.securityhub.client import SecurityHub
from posture.aws.sqs.client import QueueClient
from posture.config.file import (
    ConfigFile,
)
from posture.hubs.demand import HubKey, OrganizationKey
from posture.hubs.hub import Hub
from posture.hubs.life import HubDependencies
from posture.hubs.makers import source_maker
from posture.hubs.snapshots.places import kept_for
from posture.kube.client import KubeClient
from posture.kube.errors import KubeError
from posture.kube.events import EventRecorder
from posture.kube.lease_terms import (
    LeaseTiming,
)
from posture.kube.leases import Lease
from posture.kube.writers import GENERAL_LEASE, Writers, release_name
from posture.publish.sink import Sink
from posture.store.interface import Stores


@dataclass(frozen=True, slots=True)
class Context:
    """The API server, AWS, the configuration, the outputs.

    `namespaces`: None means all. `writers`: this release, and what it knows of others. `logged_elsewhere`:
    whether an error of the API server is.
    """

    client: KubeClient
    events: EventRecorder
    sessions: Sessions
    limiters: Limiters
    usage: Usage
    config: ConfigFile
    sink: Sink
    stores: Stores
    identity: str
    lease_namespace: str
    namespaces: tuple[str, ...] | None
    writers: Writers
    logged_elsewhere: Callable[[KubeError], bool] = lambda _: False

    @property
    def scope(self) -> str:
        """The end of the names of Leases: which namespaces their holders work for; empty where for all.

        Replicas of one release watch the same ones, and releases that watch different ones share no work.
        """
        return scope_of(self.namespaces)

    @property
    def general_lease(self) -> Lease:
        """A candidate for the Lease of what belongs to no hub."""
        return self.lease(GENERAL_LEASE + self.scope)

    def lease(self, name: str, annotations: Mapping[str, str] | None = None) -> Lease:
        """Return a candidate for the Lease of this name, with the timing that is configured now."""
        return Lease(
            self.client,
            name,
            self.lease_namespace,
            self.identity,
            self._lease_timing(),
            annotations=annotations,
            logged_elsewhere=self.logged_elsewhere,
        )

    def security_hub(self, key: HubKey) -> SecurityHub:
        """Return Security Hub's API for these credentials and Region."""
        identity = Identity(key.role_arn, key.external_id, key.region)
        return SecurityHub(self.sessions, identity, self.limiters, self.usage)

    def organizations(self, key: OrganizationKey, region: str) -> Organizations:
        """Return Organizations' API for these credentials; `region`: where they are asked for."""
        return Organizations(self.sessions, Identity(*key, region), self.limiters, self.usage)

    def queue(self, key: HubKey, url: str) -> QueueClient:
        """Return a queue of events as the identity of a hub reads it."""
        identity = Identity(key.role_arn, key.external_id, key.region)
        return QueueClient(self.sessions, identity, url, self.limiters, self.usage)

    def hub(self, key: HubKey) -> Hub:
        """Return a hub of these credentials and Region, which has not begun to live."""
        cloud = self.security_hub(key)
        annotations = {
            "posture.dev/role-arn": key.role_arn or "",
            "posture.dev/region": key.region,
            **({"posture.dev/aggregator": key.aggregator} if key.aggregator else {}),
            "posture.dev/namespaces": "*" if self.namespaces is None else ",".join(sorted(self.namespaces)),
        }
        return Hub(
            key,
            HubDependencies(
                sources=source_maker(key, self.sessions, self.limiters, self.usage),
                account=lambda: self.sessions.account(cloud.identity),
                stores=self.stores,
                candidate=lambda name: self.lease(name, annotations),
                scope=self.scope,
                organizations=lambda organization: self.organizations(organization, key.region),
                insight=cloud.insight,
                queues=lambda url: self.queue(key, url),
                snapshots=lambda name: kept_for(
                    self.config.current().snapshots,
                    name,
                    key.region,
                    (self.sessions, self.limiters, self.usage),
                ),
            ),
        )

    def _lease_timing(self) -> LeaseTiming:
        lease = self.config.current().lease
        return LeaseTiming(
            lease.duration.total_seconds(), lease.renew_deadline.total_seconds(), lease.retry.total_seconds()
        )


def scope_of(namespaces: Collection[str] | None) -> str:
    """Return the end of the names of Leases of who watches these namespaces; empty where all."""
    if namespaces is None:
        return ""
    return "-" + hashlib.sha256("\n".join(sorted(set(namespaces))).encode()).hexdigest()[:8]


def writers_of(lease_namespace: str, namespaces: Collection[str] | None) -> Writers:
    """Return the release whose Leases are in a namespace, and that watches these; None: all."""
    return Writers(release_name(lease_namespace, scope_of(namespaces)))
