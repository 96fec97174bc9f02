"""What the register of exceptions reads from Security Hub: suppressed findings, controls that are off."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.api.targets.kind import PostureTarget
from posture.aws.client.calls import Calls
from posture.aws.client.errors import AwsError
from posture.aws.client.limiter import Limiters, Usage
from posture.aws.client.sessions import Identity, Sessions
from posture.aws.securityhub.client import SecurityHub
from posture.aws.securityhub.discovery import HubFacts
from posture.aws.securityhub.wire import FindingsPage
from posture.config.model import Config
from posture.domain.arns import role_arn
from posture.domain.exceptions.control_switches import (
    ControlPolicy,
)
from posture.domain.findings import Finding
from posture.domain.grants import NotGranted, may_use_identity
from posture.domain.standards import Controls
from posture.hubs.demand import HubKey
from posture.reconcile.access import hub_key
from posture.reconcile.member_roles import AccountRegion, Role
from posture.sources.securityhub.listing import Pace, read_whole
from posture.suppression.controls.account import AccountControls
from posture.suppression.controls.declared import Reach, control_policy, exact_accounts
from posture.suppression.controls.reader import ControlReader
from posture.suppression.declared import Declared
from posture.suppression.register import Looked, Off

_SUPPRESSED = {
    "WorkflowStatus": [{"Comparison": "EQUALS", "Value": "SUPPRESSED"}],
    "RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}],
}
_ANY = 1 << 62


class HubExceptions(NamedTuple):
    """A hub's facts, its suppressed findings, and the time (µs) then by its clock, as the operator's is."""

    facts: HubFacts
    suppressed: list[Finding]
    now: int

    @property
    def controls(self) -> Controls:
        """Give what its standards know of controls."""
        return Controls({standard.name: standard for standard in self.facts.standards})


class Hubs:
    """The hubs of the targets, each read once, with the credentials at hand. Methods raise AwsError."""

    def __init__(self, sessions: Sessions, config: Config) -> None:
        self._sessions = sessions
        self._config = config
        self._limiters = Limiters(config.quota_share)
        self._read: dict[HubKey, HubExceptions] = {}

    def key_of(self, target: PostureTarget) -> HubKey:
        """Return the hub of a target."""
        role_arn = target.spec.aws.role_arn
        return hub_key(target.spec, self._external_id(target.metadata.namespace, role_arn))

    async def read(self, key: HubKey) -> HubExceptions:
        """Read a hub, unless that was done."""
        if key not in self._read:
            hub = self._security_hub(Identity(key.role_arn, key.external_id, key.region))
            facts = await hub.discover()
            self._read[key] = HubExceptions(facts, await _suppressed(hub), hub.now())
        return self._read[key]

    async def look(
        self, key: HubKey, policies: Iterable[Declared]
    ) -> tuple[Looked, Mapping[AccountRegion, AwsError]]:
        """Look which controls are off, and where that cannot be read.

        In the hub's own account and Region as the target's role; wherever its `policies` turn controls off,
        as the roles that these name.
        """
        hub = await self.read(key)
        reaches = self._reaches(key, hub, [each for each in policies if not each.suppresses])
        looking = ControlReader(self._open)

        def everything(standard: str) -> Iterable[str]:
            known = hub.controls.standards.get(standard)
            return () if known is None else (each.id for each in known.controls.values())

        await looking.look(reaches, hub.controls.spelled, everything, hub.now)
        off = [
            Off(place, each.association.reason, each.updated_at)
            for place, each in looking.live.items()
            if not each.association.enabled
        ]
        return Looked(off, reaches.keys() - looking.errors.keys()), looking.errors

    def _reaches(
        self, key: HubKey, hub: HubExceptions, policies: Iterable[Declared]
    ) -> dict[AccountRegion, Reach]:
        own = Role(key.role_arn or "", key.external_id)
        roles: dict[AccountRegion, dict[Role, None]] = {
            AccountRegion(hub.facts.account_id, hub.facts.region): {own: None}
        }
        meant: dict[AccountRegion, list[ControlPolicy]] = {}
        for declared in policies:
            policy = control_policy(declared, hub.now, _ANY)
            if policy is None or declared.policy is None or declared.policy.spec.disable_controls is None:
                continue
            name = declared.policy.spec.disable_controls.role_name
            external_id = self._external_id(declared.policy.metadata.namespace, key.role_arn)
            accounts = hub.facts.members.keys() | exact_accounts([declared])
            for account_id in filter(policy.accounts, accounts):
                role = Role(role_arn(hub.facts.partition, account_id, name), external_id)
                for region in policy.regions:
                    spot = AccountRegion(account_id, region)
                    roles.setdefault(spot, {})[role] = None
                    meant.setdefault(spot, []).append(policy)
        return {spot: Reach(list(each), meant.get(spot, []), frozenset()) for spot, each in roles.items()}

    def _open(self, spot: AccountRegion, role: Role) -> AccountControls:
        identity = Identity(role.arn or None, role.external_id, spot.region)
        calls = Calls(self._sessions, identity, self._limiters, Usage(), service="securityhub")
        return AccountControls(spot, calls, self._security_hub(identity))

    def _security_hub(self, identity: Identity) -> SecurityHub:
        return SecurityHub(self._sessions, identity, self._limiters, Usage())

    def _external_id(self, namespace: str, role_arn: str | None) -> str | None:
        identity = may_use_identity(self._config.granted, namespace, role_arn)
        return None if isinstance(identity, NotGranted) else identity.external_id


async def _suppressed(hub: SecurityHub) -> list[Finding]:
    found: dict[tuple[str, str], Finding] = {}

    async def note(page: FindingsPage) -> None:
        found.update({(each.product_arn, each.id): each for each in page.findings})

    await read_whole(hub, Pace(), _SUPPRESSED, note)
    return list(found.values())
