"""What is to be done for the controls of a hub, from what is declared, configured and known of it."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from posture.config.model import Config
from posture.domain.exceptions.control_status import Record
from posture.domain.exceptions.control_switches import ControlPolicy, DeclaredControls
from posture.domain.exceptions.declaration import PolicyIdentity, TargetKnown
from posture.domain.time import MINUTE, microseconds
from posture.hubs.hub import Hub
from posture.suppression.controls.declared import control_roles, exact_accounts, reaches
from posture.suppression.controls.reconcile import WantedControls
from posture.suppression.policy_reconciler import HubPolicies

# Of policies whose targets are not evaluated.
_INTERVAL = 5 * MINUTE
_WINDOW = timedelta(hours=30)


def wanted_controls(
    hub: Hub,
    everything: HubPolicies,
    policies: Mapping[str, ControlPolicy],
    records: Mapping[str, Record],
    config: Config,
    identity: PolicyIdentity,
    namespaces: Collection[str] | None,
) -> WantedControls:
    """Return what a round is to do.

    `policies`: as the rules take them; `records`: what their statuses say that they turned off.
    `namespaces`: those that are watched; None: all. The hub must be known.
    """
    facts = hub.status.facts
    if facts is None:
        raise RuntimeError("controls are not acted on before the hub is known")
    roles = control_roles(everything.policies, config, partition=facts.partition, role_arn=hub.key.role_arn)
    accounts = facts.members.keys() | hub.names().keys() | exact_accounts(everything.policies)
    specs = [each.admitted.target.spec for each in everything.policies if each.admitted is not None]
    return WantedControls(
        declared=DeclaredControls(
            policies,
            identity,
            roles.may_write,
            TargetKnown(everything.elsewhere, None if namespaces is None else frozenset(namespaces)),
        ),
        roles=roles,
        reaches=reaches(policies, records, accounts, roles),
        interval=min((microseconds(each.interval) for each in specs), default=_INTERVAL),
        window=max((each.scoring.evaluation_window for each in specs), default=_WINDOW),
    )
