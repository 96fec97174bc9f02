"""The configuration file, and what it grants each target."""

from pathlib import Path
from typing import NamedTuple

from posture.api.resource import InvalidObject, parse
from posture.api.targets.kind import PostureTarget
from posture.cli.check.result import CheckStatus, Judgement, failed, ok, unknown, warning
from posture.config.file import ConfigError, load
from posture.config.model import Config
from posture.domain.grants import IdentityGrant, Verb, may_use_identity
from posture.domain.text import counted
from posture.hubs.demand import HubKey
from posture.kube.resources import Object
from posture.reconcile.access import NotAdmitted, admit, hub_key

_UNREADABLE = "what is granted is not known: the configuration cannot be used"


class ConfigurationRead(NamedTuple):
    """The file as it is; `config`: None where there is none, or it cannot be used."""

    verdict: Judgement
    config: Config | None
    usable: bool = True


class Looking(NamedTuple):
    """A target that is to be checked. `grant`: what it may do; None: not known, and nothing was refused.

    `hub`: where it looks; None: it may not, or cannot be read.
    """

    verdict: Judgement
    target: PostureTarget | None = None
    hub: HubKey | None = None
    grant: IdentityGrant | None = None


def read_configuration(path: Path | None) -> ConfigurationRead:
    """Read the configuration file."""
    if path is None:
        says = "no configuration file was named, and the operator grants nothing without one"
        return ConfigurationRead(unknown(says, "name the operator's with --config"), None)
    try:
        config = load(path)
    except ConfigError as error:
        advice = (
            "correct it: the operator does not start with it, and keeps what it read before while it runs"
        )
        return ConfigurationRead(failed(str(error), advice), None, usable=False)
    if not config.grants:
        says = f"{path} can be read and grants nothing"
        return ConfigurationRead(
            warning(says, "add grants: without one every target is Stalled, NotGranted"), config
        )
    says = f"{path} can be read and has {counted(len(config.grants), 'grant', 'grants')}"
    if config.frozen:
        return ConfigurationRead(
            warning(f"{says}; writes are Frozen", "set writes: Enabled when AWS may be written to"), config
        )
    return ConfigurationRead(ok(says), config)


def judge_owner(config: Config | None, cluster: Judgement) -> Judgement:
    """Tell whether what is suppressed can be marked as ours; `cluster`: whether its id can be read."""
    if config is None:
        return unknown("not told: it depends on configuration")
    if config.owner_id is not None:
        return ok(f"what is suppressed is marked with ownerId {config.owner_id}")
    marks = {Verb.SUPPRESS, Verb.DISABLE_CONTROLS}
    if cluster.status is CheckStatus.FAILED and not any(marks & each.verbs for each in config.grants):
        return ok("nothing is granted that would have to be marked")
    return cluster


def look_at(document: Object, read: ConfigurationRead) -> Looking:
    """Decide over one target as the operator does, as far as the configuration is known."""
    if read.config is None:
        return _ungoverned(document, read)
    admission = admit(document, read.config)
    if isinstance(admission, NotAdmitted):
        trouble = admission.trouble
        return Looking(failed(f"{trouble.reason}: {trouble.message}", _advice(trouble.reason)))
    target, hub = admission.target, admission.hub
    identity = may_use_identity(read.config.granted, target.metadata.namespace, hub.role_arn)
    if not isinstance(identity, IdentityGrant):
        raise TypeError("whoever is admitted may use an identity")
    verbs = [verb.value for verb in Verb if identity.why_not(verb) is None]
    says = f"granted: {', '.join(verbs)} in accounts {', '.join(admission.accounts)}"
    if admission.raised:
        verdict = warning(f"{says}. {' '.join(admission.raised)}", "ask for that much, or lower the minimums")
    else:
        verdict = ok(says)
    return Looking(verdict, target, hub, identity)


def _ungoverned(document: Object, read: ConfigurationRead) -> Looking:
    """Read a target of which it is not known what it may do."""
    try:
        target = parse(PostureTarget, document)
    except InvalidObject as error:
        return Looking(failed(str(error), _advice("InvalidSpec")))
    if not read.usable:
        return Looking(unknown(_UNREADABLE), target)
    says = "what is granted is not known without the configuration; roles are assumed without external id"
    return Looking(unknown(says, "name the operator's with --config"), target, hub_key(target.spec, None))


def _advice(reason: str) -> str:
    """Say what to do about a target that is not admitted; its message says it in more words."""
    return {
        "NotGranted": "add the grant to the operator's configuration",
        "InvalidSpec": "correct the object: `posture validate` says where",
    }.get(reason, "see the message")
