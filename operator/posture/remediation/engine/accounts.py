"""AWS in the accounts of resources: who reads and writes there for a namespace, as what it is granted."""

from collections.abc import Callable

from posture.aws.client.sessions import Identity
from posture.config.model import Config
from posture.domain.grants import NotGranted, may_use_identity
from posture.domain.remediation.resources import ResourceKey
from posture.hubs.demand import HubKey
from posture.remediation.actions.contract import Protected
from posture.remediation.member import Aws, MemberReader, MemberWriter, member_identity, own_access_keys

_SESSION_LENGTH = 64


class Accounts:
    """Makes readers and writers for the resources of one hub. `config`: gives the one that is in force.

    The tags of accounts are read as the hub's own identity: the organization's management account, or any
    delegated administrator, may list them (Organizations API reference, ListTagsForResource).
    """

    def __init__(self, aws: Aws, config: Callable[[], Config], hub: HubKey) -> None:
        self._aws = aws
        self._config = config
        self._hub = hub

    def reader(self, namespace: str, resource: ResourceKey, role_name: str) -> MemberReader:
        """Return who reads a resource for a namespace."""
        identity = self._identity(namespace, resource, role_name)
        return MemberReader(self._aws, resource.account_id, identity, organization=self._organization)

    def writer(
        self,
        namespace: str,
        resource: ResourceKey,
        role_name: str,
        *,
        session: str,
        seconds_left: Callable[[], float],
    ) -> MemberWriter:
        """Return who writes to it. `session`: how CloudTrail names it there."""
        identity = self._identity(namespace, resource, role_name)
        return MemberWriter(
            self._aws,
            resource.account_id,
            identity._replace(session=session[:_SESSION_LENGTH]),
            seconds_left=seconds_left,
            organization=self._organization,
        )

    async def protected(self, config: Config) -> Protected:
        """Return what no action touches: users for emergencies, and the keys that sign for the operator.

        Raises AwsError.
        """
        keys = await own_access_keys(self._aws.sessions, self._hub.region)
        return Protected(config.break_glass.iam_users, keys)

    @property
    def _organization(self) -> Identity:
        return Identity(self._hub.role_arn, self._hub.external_id, self._hub.region)

    def _identity(self, namespace: str, resource: ResourceKey, role_name: str) -> Identity:
        granted = may_use_identity(self._config().granted, namespace, self._hub.role_arn)
        external_id = None if isinstance(granted, NotGranted) else granted.external_id_in(resource.account_id)
        return member_identity(resource.account_id, resource.region, role_name, external_id)
