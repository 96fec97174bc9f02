"""A target of the cluster, with what is declared for it, as a person may look at it."""

from collections.abc import Sequence

from posture.api.resource import InvalidObject, parse, read_status
from posture.api.suppression_policy import SuppressionPolicyStatus
from posture.api.targets.kind import PostureTarget
from posture.cli.cluster import said
from posture.cli.reading.command import ReadingOptions
from posture.cli.reading.looking import CannotLook, LookedAt
from posture.config.file import ConfigError, load
from posture.config.model import Config
from posture.domain.grants import NotGranted, may_use_identity
from posture.domain.scoring.evaluation import TurnedOff
from posture.domain.standards import ControlStatus
from posture.kube.client import connect
from posture.kube.connection import NoCluster
from posture.kube.errors import KubeError
from posture.kube.resources import POSTURE_TARGETS, SUPPRESSION_POLICIES, Object, name_of, target_name_of
from posture.reconcile.access import Admitted, hub_key
from posture.suppression.controls.confirmed import recorded
from posture.suppression.declared import is_suppressing


async def target_of_the_cluster(asked: ReadingOptions) -> LookedAt:
    """Return a target whatever the operator is granted. Raises CannotLook.

    Where the configuration file grants its namespace something, no more than the accounts of that are seen.
    """
    try:
        config = Config() if asked.config is None else load(asked.config)
        document, policies = await _read(asked)
    except (ConfigError, KubeError, NoCluster) as error:
        raise CannotLook(said(error)) from None
    target = _parsed(document)
    namespace, role_arn = target.metadata.namespace, target.spec.aws.role_arn
    identity = may_use_identity(config.granted, namespace, role_arn)
    external_id, accounts = (
        (None, ("*",)) if isinstance(identity, NotGranted) else (identity.external_id, identity.accounts)
    )
    key = hub_key(target.spec, asked.external_id or external_id)
    return LookedAt(Admitted(target, key, tuple(accounts)), config, document, policies, _turned_off(policies))


async def _read(asked: ReadingOptions) -> tuple[Object, list[Object]]:
    """Read a target, and the SuppressionPolicies that are about it."""
    place, _, name = (asked.target or "").rpartition("/")
    async with connect(context=asked.context) as client:
        place = place or asked.namespace or client.namespace
        document = await client.get(POSTURE_TARGETS, place, name)
        listed = await client.list_objects(SUPPRESSION_POLICIES, [place])
    return document, [each for each in listed if target_name_of(each) == name_of(document)]


def _parsed(document: Object) -> PostureTarget:
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        raise CannotLook(f"PostureTarget {name_of(document)} makes no sense: {error}") from None
    return target


def _turned_off(policies: Sequence[Object]) -> dict[TurnedOff, ControlStatus]:
    """Return what policies turned off, as far as their statuses tell."""
    return {
        place: was
        for each in policies
        if not is_suppressing(each)
        for place, was in recorded(read_status(SuppressionPolicyStatus, each)).items()
    }
