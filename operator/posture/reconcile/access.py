"""Whether a target may be evaluated: it must make sense, and its namespace be granted what it asks."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from posture.api.conditions import Trouble, defect
from posture.api.resource import InvalidObject, parse
from posture.api.targets.kind import PostureTarget, PostureTargetSpec
from posture.config.model import Config, Minimums
from posture.domain.arns import queue_of_url
from posture.domain.findings import CheckSource
from posture.domain.grants import NotGranted, Verb, may_use_identity
from posture.hubs.demand import HubKey, OrganizationKey
from posture.kube.resources import Object
from posture.reconcile.config_source import aggregator_of, has_config_source

logger = logging.getLogger(__name__)

MAX_WINDOWS = 8
"""Evaluation windows of one hub: for each of them all its cells are kept in memory."""

_ANOTHER_QUEUE = Trouble(
    "QueueConflict",
    "An older target of the same Security Hub names another queue, and events are taken from one only: write"
    " the same spec.aws.events.queueUrl in both, or leave it out here: the older one's queue serves both.",
)
_QUEUE_OF_ANOTHER = Trouble(
    "QueueConflict",
    "An older target of another Security Hub (another role, or another Region) names this queue, and whoever"
    " reads a queue empties it: give each its own rule and queue, and name this one's in"
    " spec.aws.events.queueUrl.",
)


class Admitted(NamedTuple):
    """A target, the hub that it looks at, and the accounts (globs) that its namespace may see.

    What its spec asks of the hub is in `target` as it is used: raised to the configured minimums where it was
    less, which `raised` says for people. `organization`: as whom its organization is read, or why it may not
    be; None: it does not ask for that.
    """

    target: PostureTarget
    hub: HubKey
    accounts: tuple[str, ...]
    raised: tuple[str, ...] = ()
    organization: OrganizationKey | NotGranted | None = None


class NotAdmitted(NamedTuple):
    """A target that is not evaluated, and why. `target` is None when the object cannot be read."""

    target: PostureTarget | None
    trouble: Trouble


def admit(document: Mapping[str, Any], config: Config) -> Admitted | NotAdmitted:
    """Decide over one PostureTarget as the API server gives it; a defect is the trouble of that one alone."""
    try:
        return _admit(document, config)
    except Exception as error:
        logger.exception("Reading the PostureTarget failed unexpectedly (a bug in the operator)")
        return NotAdmitted(None, defect(error))


def _admit(document: Mapping[str, Any], config: Config) -> Admitted | NotAdmitted:
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        return NotAdmitted(None, Trouble("InvalidSpec", str(error)))
    namespace, role_arn = target.metadata.namespace, target.spec.aws.role_arn
    identity = may_use_identity(config.granted, namespace, role_arn)
    if isinstance(identity, NotGranted):
        return NotAdmitted(target, not_granted(identity))
    if refusal := identity.why_not(Verb.SCORE):
        return NotAdmitted(target, not_granted(refusal))
    hub = hub_key(target.spec, identity.external_id)
    if spec_events := target.spec.aws.events:
        refusal = identity.why_not_listen(queue_of_url(spec_events.queue_url).arn)
        if refusal is not None:
            return NotAdmitted(target, not_granted(refusal))
    admitted = Admitted(*_at_least(target, config.minimums, hub, identity.accounts))
    return admitted._replace(organization=_organization(target, hub, config))


def hub_key(spec: PostureTargetSpec, external_id: str | None) -> HubKey:
    """Return the hub that a target looks at; `external_id`: what its role is assumed with."""
    key = HubKey(spec.aws.role_arn, external_id, spec.aws.region)
    if has_config_source(spec):
        return key._replace(source=CheckSource.CONFIG, aggregator=aggregator_of(spec))
    return key


def _organization(target: PostureTarget, hub: HubKey, config: Config) -> OrganizationKey | NotGranted | None:
    """Decide as whom a target's organization is read: a role that it names must be granted too."""
    tags = target.spec.grouping.organization_tags
    if tags is None:
        return None
    if tags.role_arn is None:
        return OrganizationKey(hub.role_arn, hub.external_id)
    identity = may_use_identity(config.granted, target.metadata.namespace, tags.role_arn)
    if isinstance(identity, NotGranted):
        return identity
    return identity.why_not(Verb.SCORE) or OrganizationKey(tags.role_arn, identity.external_id)


def admit_all(documents: Sequence[Object], config: Config) -> list[Admitted | NotAdmitted]:
    """Decide over PostureTargets as the API server gives them, in their order.

    All that look at one hub share its memory: of more than `MAX_WINDOWS` evaluation windows the longest is
    kept, and those of the oldest targets; the others use the next longer one, which can only count more.
    A hub has one queue of events, and a queue one hub: a younger target that says otherwise is refused.
    """
    admissions = [admit(document, config) for document in documents]
    oldest_first = sorted(range(len(documents)), key=lambda index: _age(documents[index]))
    _give_queues(admissions, oldest_first)
    asked: dict[HubKey, list[timedelta]] = {}
    for index in oldest_first:
        admission = admissions[index]
        if isinstance(admission, Admitted):
            asked.setdefault(admission.hub, []).append(_window_of(admission))
    kept = {hub: _kept(windows) for hub, windows in asked.items()}
    return [
        _within(admission, kept[admission.hub]) if isinstance(admission, Admitted) else admission
        for admission in admissions
    ]


def _give_queues(admissions: list[Admitted | NotAdmitted], oldest_first: Iterable[int]) -> None:
    """Refuse the targets that name another queue than an older one of their hub, or that of another hub."""
    queues: dict[HubKey, str] = {}
    hubs: dict[str, HubKey] = {}
    for index in oldest_first:
        admission = admissions[index]
        if not isinstance(admission, Admitted) or admission.target.spec.aws.events is None:
            continue
        queue = queue_of_url(admission.target.spec.aws.events.queue_url).arn
        # What is refused takes nothing from those that come after it.
        if hubs.get(queue, admission.hub) != admission.hub:
            admissions[index] = NotAdmitted(admission.target, _QUEUE_OF_ANOTHER)
        elif queues.setdefault(admission.hub, queue) != queue:
            admissions[index] = NotAdmitted(admission.target, _ANOTHER_QUEUE)
        else:
            hubs[queue] = admission.hub


def _window_of(admitted: Admitted) -> timedelta:
    return admitted.target.spec.scoring.evaluation_window


def _kept(windows: Sequence[timedelta]) -> list[timedelta]:
    """Return the windows that a hub is evaluated with, of those asked for, the oldest target's first."""
    distinct = list(dict.fromkeys(windows))
    longest = max(distinct)
    return [longest, *[each for each in distinct if each != longest][: MAX_WINDOWS - 1]]


def _within(admitted: Admitted, kept: Sequence[timedelta]) -> Admitted:
    asked = _window_of(admitted)
    if asked in kept:
        return admitted
    used = min(each for each in kept if each > asked)
    spec = admitted.target.spec
    scoring = spec.scoring.model_copy(update={"evaluation_window": used})
    target = admitted.target.model_copy(update={"spec": spec.model_copy(update={"scoring": scoring})})
    told = (
        f"spec.scoring.evaluationWindow is {asked}, and {used} is used: targets of this Security Hub ask for"
        f" more than {MAX_WINDOWS} different ones."
    )
    return admitted._replace(target=target, raised=(*admitted.raised, told))


def _at_least(
    target: PostureTarget, minimums: Minimums, hub: HubKey, accounts: tuple[str, ...]
) -> tuple[PostureTarget, HubKey, tuple[str, ...], tuple[str, ...]]:
    """Raise what a target asks of its hub to what it may ask."""
    spec = target.spec
    raised = []
    for field, asked, least in (
        ("interval", spec.interval, minimums.interval),
        ("fullSyncInterval", spec.full_sync_interval, minimums.full_sync_interval),
        ("scoring.evaluationWindow", spec.scoring.evaluation_window, minimums.evaluation_window),
    ):
        if asked < least:
            raised.append(
                f"spec.{field} is {asked}, and {least} is used: the operator's"
                " configuration allows no less (minimums)."
            )
    if raised:
        scoring = spec.scoring.model_copy(
            update={"evaluation_window": max(spec.scoring.evaluation_window, minimums.evaluation_window)}
        )
        spec = spec.model_copy(
            update={
                "interval": max(spec.interval, minimums.interval),
                "full_sync_interval": max(spec.full_sync_interval, minimums.full_sync_interval),
                "scoring": scoring,
            }
        )
        target = target.model_copy(update={"spec": spec})
    return target, hub, accounts, tuple(raised)


def _age(document: Object) -> tuple[str, str]:
    metadata = document["metadata"]
    return str(metadata.get("creationTimestamp", "")), str(metadata["uid"])


def not_granted(refusal: NotGranted) -> Trouble:
    """Return the trouble of whoever lacks a grant."""
    return Trouble(refusal.reason, f"The {refusal.message}: {refusal.advice}")
