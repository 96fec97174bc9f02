"""The policies of a hub that turn controls off: as the rules take them, and through which roles they act."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from posture.api.suppression_policy import DisableControls
from posture.config.model import Config
from posture.domain.exceptions.control_switches import (
    ControlPolicy,
)
from posture.domain.grants import IdentityGrant, NotGranted, Verb
from posture.domain.scoring.accounts import AccountFilter, AccountStanding
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.selection.selectors import globs, is_wild
from posture.reconcile.member_roles import AccountRegion, ActsThrough, MemberRoles, Role
from posture.suppression.declared import Declared

_ALL = "*"


@dataclass(frozen=True, slots=True)
class MeantAccounts:
    """Accounts of a policy, as a value: two of them are the same when these compare equal."""

    globs: tuple[str, ...]
    granted: tuple[str, ...]
    include: tuple[str, ...]
    exclude: tuple[str, ...]

    def __call__(self, account_id: str) -> bool:
        """Whether the policy means the account, and its target looks at it."""
        accounts = _filter(self.granted, self.include, self.exclude)
        return globs(self.globs)(account_id) and accounts.standing(account_id) is AccountStanding.TARGETED


@lru_cache(maxsize=256)
def _filter(granted: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...]) -> AccountFilter:
    return AccountFilter(granted=granted, include=include, exclude=exclude)


_ACTS = ActsThrough(Verb.DISABLE_CONTROLS, IdentityGrant.why_not_disable_controls)


def control_roles(
    declared: Iterable[Declared], config: Config, *, partition: str, role_arn: str | None
) -> MemberRoles:
    """Return which roles policies turn controls off through; `role_arn`: the hub's."""
    names = {each.name: role_name for each in declared if (role_name := _role_name_of(each)) is not None}
    return MemberRoles(names, config.granted, _ACTS, partition=partition, role_arn=role_arn)


def _role_name_of(declared: Declared) -> str | None:
    """Return the name of the role that a policy acts through, also where the rest of it cannot be read."""
    if declared.policy is not None:
        spec = declared.policy.spec.disable_controls
        return None if spec is None else spec.role_name
    spec_made_out = declared.document.get("spec", {}).get("disableControls")
    name = spec_made_out.get("roleName") if isinstance(spec_made_out, Mapping) else None
    return name if isinstance(name, str) else None


def control_policy(declared: Declared, now: int, longest: int) -> ControlPolicy | None:
    """Return a policy as it stands at a moment; `longest`: how far away its end may be (both µs)."""
    if declared.terms is None or declared.suppresses:
        return None
    if declared.policy is None:
        # What it means is not known: it turns nothing off, and holds what is off until its end.
        return ControlPolicy(
            terms=declared.terms,
            phase=declared.stands(declared.terms, now, longest),
            standards=frozenset(),
            controls=frozenset(),
            regions=frozenset(),
            accounts=MeantAccounts((), (), (), ()),
        )
    spec = declared.policy.spec.disable_controls
    if spec is None:
        return None
    target = None if declared.admitted is None else declared.admitted.target.spec
    return ControlPolicy(
        terms=declared.terms,
        phase=declared.stands(declared.terms, now, longest),
        standards=None if _ALL in spec.standards else frozenset(spec.standards),
        controls=frozenset(each.upper() for each in spec.controls),
        regions=frozenset(spec.regions),
        accounts=MeantAccounts(
            spec.accounts,
            () if declared.admitted is None else declared.admitted.accounts,
            () if target is None else target.accounts.include,
            () if target is None else target.accounts.exclude,
        ),
    )


def exact_accounts(declared: Iterable[Declared]) -> frozenset[str]:
    """Return the accounts that policies name by id, whether or not the hub knows them."""
    specs = (each.policy.spec.disable_controls for each in declared if each.policy is not None)
    return frozenset(
        account
        for spec in specs
        if isinstance(spec, DisableControls)
        for account in spec.accounts
        if not is_wild(account)
    )


class Reach(NamedTuple):
    """What is to be read in one spot, and the roles to try, in this order.

    `policies`: those that mean the spot. `places`: those that are remembered to be off there.
    """

    roles: Sequence[Role]
    policies: Sequence[ControlPolicy]
    places: frozenset[TurnedOff]

    def wanted(
        self, spelled: Callable[[str], str], everything: Callable[[str], Iterable[str]]
    ) -> Callable[[str, str], frozenset[str]]:
        """Return, by a standard's name and provider, which controls to read.

        `everything`: what is to be read beside.
        """

        def of(standard: str, provider: str) -> frozenset[str]:
            named = {
                control
                for policy in self.policies
                if policy.means(standard, provider)
                for control in policy.controls
            }
            named |= {place.control for place in self.places if place.standard == standard}
            return frozenset(spelled(control) for control in named) | frozenset(everything(standard))

        return of


def reaches(
    policies: Mapping[str, ControlPolicy],
    records: Mapping[str, Iterable[TurnedOff]],
    accounts: Iterable[str],
    roles: MemberRoles,
) -> Mapping[AccountRegion, Reach]:
    """Return where to look: in what policies mean, and where they are remembered to have turned things off.

    `accounts`: ids that are known.
    """
    known = sorted(set(accounts))
    meant: dict[AccountRegion, dict[str, ControlPolicy]] = {}
    kept: dict[AccountRegion, dict[str, set[TurnedOff]]] = {}
    for name in sorted(policies):
        policy = policies[name]
        for account_id in filter(policy.accounts, known):
            for region in policy.regions:
                meant.setdefault(AccountRegion(account_id, region), {})[name] = policy
        for place in records.get(name, ()):
            spot = AccountRegion(place.account_id, place.region)
            kept.setdefault(spot, {}).setdefault(name, set()).add(place)
    found = {}
    for spot in sorted(meant.keys() | kept.keys()):
        names = dict.fromkeys([*meant.get(spot, {}), *kept.get(spot, {})])
        allowed = (role for name in names if (role := roles.of(name, spot.account_id)))
        found[spot] = Reach(
            list(dict.fromkeys(allowed)),
            list(meant.get(spot, {}).values()),
            frozenset(place for places in kept.get(spot, {}).values() for place in places),
        )
    return found


def ungranted(
    where: Mapping[AccountRegion, Reach], records: Mapping[str, Iterable[TurnedOff]], roles: MemberRoles
) -> Mapping[str, Mapping[str, NotGranted]]:
    """Return, by policy, the accounts in which it may not act, with what is missing there.

    Of those that it means, and of those in which it is remembered (`records`) to have turned controls off.
    """
    accounts = {
        (policy.terms.policy, spot.account_id) for spot, reach in where.items() for policy in reach.policies
    }
    accounts |= {(name, place.account_id) for name, places in records.items() for place in places}
    found: dict[str, dict[str, NotGranted]] = {}
    for name, account_id in sorted(accounts):
        if refusal := roles.refusal(name, account_id):
            found.setdefault(name, {})[account_id] = refusal
    return found
