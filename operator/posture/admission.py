"""Whether a target may be evaluated: it must make sense, and its namespace be granted what it asks."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from posture.api.posture_target import PostureTarget
from posture.api.resource import InvalidObject, parse
from posture.config import Config
from posture.domain.grants import NotGranted, Verb, may_use_identity
from posture.hubs.key import HubKey
from posture.target_conditions import Trouble


class Admitted(NamedTuple):
    """A target, the hub that it looks at, and the accounts (globs) that its namespace may see."""

    target: PostureTarget
    hub: HubKey
    accounts: tuple[str, ...]


class NotAdmitted(NamedTuple):
    """A target that is not evaluated, and why. `target` is None when the object cannot be read."""

    target: PostureTarget | None
    trouble: Trouble


def admit(document: Mapping[str, Any], config: Config) -> Admitted | NotAdmitted:
    """Decide over one PostureTarget as the API server gives it."""
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        return NotAdmitted(None, Trouble("InvalidSpec", str(error)))
    if target.spec.source.security_standards is None:
        return NotAdmitted(
            target,
            Trouble(
                "SourceNotSupported",
                "This version scores spec.source.securityStandards only; conformancePacks and configRules are"
                " accepted, but not evaluated.",
            ),
        )
    namespace, role_arn = target.metadata.namespace, target.spec.aws.role_arn
    identity = may_use_identity(config.granted, namespace, role_arn)
    if isinstance(identity, NotGranted):
        return NotAdmitted(target, _not_granted(identity))
    if refusal := identity.why_not(Verb.SCORE):
        return NotAdmitted(target, _not_granted(refusal))
    return Admitted(target, HubKey(role_arn, identity.external_id, target.spec.aws.region), identity.accounts)


def _not_granted(refusal: NotGranted) -> Trouble:
    return Trouble(refusal.reason, f"The {refusal.message}: {refusal.advice}")
