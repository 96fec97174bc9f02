"""Where a policy is to be undone: by the record on it, and by what its namespace is granted today."""

from collections.abc import Sequence
from typing import NamedTuple

from posture.domain.exceptions import sites
from posture.domain.exceptions.sites import Site
from posture.domain.grants import Grant, NotGranted, Verb, may_use_identity
from posture.hubs.demand import HubKey
from posture.kube.finalizers import annotation, has_finalizer
from posture.kube.resources import Object


class Whereabouts(NamedTuple):
    """The hub that acts for a policy, where else it has written, and in which hubs of these it is undone."""

    home: HubKey | None
    elsewhere: tuple[Site, ...] = ()
    moved_from: tuple[HubKey, ...] = ()


def sites_of(document: Object) -> tuple[Site, ...]:
    """Return where a policy has written, as far as it waits to be undone there."""
    return sites.parse_sites(annotation(document, sites.ANNOTATION)) if has_finalizer(document) else ()


def has_written_nowhere(document: Object) -> bool:
    """Whether a policy says that no mark of it is left anywhere; one of an earlier version says nothing."""
    return annotation(document, sites.ANNOTATION) == sites.format_sites(())


def whereabouts(
    document: Object, target: HubKey | None, verb: Verb, grants: Sequence[Grant], *, acts: bool
) -> Whereabouts:
    """Say which hubs act for a policy: the one of its target, and those in which it is to be undone.

    `target`: the hub of its target, None where that is not evaluated. `verb`: what it does. `acts`: it is not
    frozen. What it did is looked for as today's grants let its namespace look, not those of the time when it
    wrote. Controls are undone through roles in their accounts, which any hub may use: of these policies only
    one whose target is not evaluated needs a hub that it wrote through.
    """
    if target is not None and verb is Verb.DISABLE_CONTROLS:
        return Whereabouts(target)
    others = [
        each
        for each in sites_of(document)
        if target is None or not each.is_seen_by(target.role_arn, target.region)
    ]
    namespace = document["metadata"]["namespace"]
    found = [_within_reach(namespace, each, verb, grants) for each in others]
    elsewhere = tuple(each for each, _ in found)
    hubs = tuple(dict.fromkeys(hub for _, hub in found if hub is not None))
    if not acts:
        return Whereabouts(target, elsewhere)
    if target is not None or not hubs:
        return Whereabouts(target, elsewhere, hubs)
    home = hubs[0]
    return Whereabouts(
        home,
        tuple(each for each in elsewhere if not each.is_seen_by(home.role_arn, home.region)),
        hubs[1:],
    )


def elsewhere_now(account_id: str) -> str:
    """Say why what the operator's own identity wrote in another account cannot be undone."""
    return f"the operator's own identity is of account {account_id} now: let it be of that one again"


def _within_reach(
    namespace: str, site: Site, verb: Verb, grants: Sequence[Grant]
) -> tuple[Site, HubKey | None]:
    """Return the hub through which a policy can be undone at a site; without one, the site says why."""
    identity = may_use_identity(grants, namespace, site.role_arn)
    if isinstance(identity, NotGranted):
        return _ungranted(site, identity), None
    if refusal := identity.why_not(Verb.SCORE) or identity.why_not(verb):
        return _ungranted(site, refusal), None
    return site, HubKey(site.role_arn, identity.external_id, site.region)


def _ungranted(site: Site, refusal: NotGranted) -> Site:
    return site._replace(trouble=f"the {refusal.message}: {refusal.advice}")
