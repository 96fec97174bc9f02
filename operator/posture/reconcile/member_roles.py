"""Acting in the accounts of an organization: where one call reaches, and through which role."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from posture.domain.arns import role_arn as role_arn_of
from posture.domain.exceptions.policy import namespace_of
from posture.domain.grants import Grant, IdentityGrant, NotGranted, Verb, may_use_identity


class AccountRegion(NamedTuple):
    """An account and a Region: what one call can reach."""

    account_id: str
    region: str


class Role(NamedTuple):
    """A role to be assumed in an account."""

    arn: str
    external_id: str | None


class ActsThrough(NamedTuple):
    """What a kind does through roles, and who says whether it may.

    `why_not`: by what a namespace is granted as the hub's identity, an account, and the name of the role
    there; None: it is granted.
    """

    verb: Verb
    why_not: Callable[[IdentityGrant, str, str], NotGranted | None]


class MemberRoles:
    """Which role each object of a kind acts through in an account, where that is granted.

    `names`: of their roles, by namespace/name of the object. `partition`: as in ARNs. `role_arn`: the hub's,
    of which the grants speak; None: the operator's own identity.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        grants: Sequence[Grant],
        acts: ActsThrough,
        *,
        partition: str,
        role_arn: str | None,
    ) -> None:
        self._names = names
        self._grants = grants
        self._acts = acts
        self._partition = partition
        self._role_arn = role_arn
        self._found: dict[tuple[str, str], Role | None] = {}

    def of(self, name: str, account_id: str) -> Role | None:
        """Return the role of an object (namespace/name) in an account; None where it is not granted.

        One that is gone acts through the role of the first object of its namespace that may act there.
        """
        key = name, account_id
        if key not in self._found:
            self._found[key] = self._find(name, account_id)
        return self._found[key]

    def may_write(self, name: str, account_id: str) -> bool:
        """Whether an object may act in an account."""
        return self.of(name, account_id) is not None

    def refusal(self, name: str, account_id: str) -> NotGranted | None:
        """Say what an object that is there lacks to act in an account; None: nothing."""
        identity = may_use_identity(self._grants, namespace_of(name), self._role_arn)
        if isinstance(identity, NotGranted):
            return identity
        role_name = self._names.get(name)
        if role_name is None:
            return identity.why_not(self._acts.verb, account_id)
        return self._acts.why_not(identity, account_id, role_name)

    def _find(self, name: str, account_id: str) -> Role | None:
        namespace = namespace_of(name)
        if name in self._names:
            return self._granted(namespace, account_id, self._names[name])
        near = (role for each, role in sorted(self._names.items()) if namespace_of(each) == namespace)
        return next((found for role in near if (found := self._granted(namespace, account_id, role))), None)

    def _granted(self, namespace: str, account_id: str, role_name: str) -> Role | None:
        identity = may_use_identity(self._grants, namespace, self._role_arn)
        if (
            isinstance(identity, NotGranted)
            or self._acts.why_not(identity, account_id, role_name) is not None
        ):
            return None
        external_id = identity.external_id_in(account_id, self._acts.verb)
        return Role(role_arn_of(self._partition, account_id, role_name), external_id)
