"""SuppressionPolicies as what protects from remediation: every one that has not expired does.

That one is suspended, stalled or a dry run, that its target is not evaluated or it is being deleted, makes it
no less an exception that somebody has approved.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from posture.api.resource import InvalidObject, parse
from posture.api.suppression_policy import SuppressionPolicy
from posture.domain.remediation.collecting import PolicyProtection
from posture.domain.selection.selectors import Selection, Selector
from posture.domain.time import instant_of
from posture.kube.resources import Object, name_of, target_name_of

logger = logging.getLogger(__name__)


class Policies(NamedTuple):
    """What protects. `by_target`: by the target's namespace/name, then the policy's.

    `unreadable`: by namespace, the first policy that cannot be read; which findings it means, and of which
    target, cannot be known.
    """

    by_target: Mapping[str, Mapping[str, PolicyProtection]]
    unreadable: Mapping[str, str]


class _ReadPolicy(NamedTuple):
    """One policy, as far as it can be read."""

    version: tuple[str, object]
    target: str
    protection: PolicyProtection | None


class PolicyReader:
    """Reads the policies of each listing; one that has not changed is read once."""

    def __init__(self) -> None:
        self._known: dict[str, _ReadPolicy] = {}
        self._policies: Policies = Policies({}, {})

    def read(self, documents: Iterable[Object]) -> Policies:
        """Return what these protect; the same object as long as that is the same."""
        found: dict[str, _ReadPolicy] = {}
        for document in documents:
            name, metadata = name_of(document), document["metadata"]
            version = metadata["uid"], metadata["generation"]
            known = self._known.get(name)
            if known is None or known.version != version:
                known = _ReadPolicy(version, target_name_of(document), _protection(document))
            found[name] = known
        self._known = found
        policies = _arranged(found)
        if policies != self._policies:
            self._policies = policies
        return self._policies


def _arranged(found: Mapping[str, _ReadPolicy]) -> Policies:
    by_target: dict[str, dict[str, PolicyProtection]] = {}
    unreadable: dict[str, str] = {}
    for name, policy in sorted(found.items()):
        if policy.protection is None:
            unreadable.setdefault(name.partition("/")[0], name)
        else:
            by_target.setdefault(policy.target, {})[name] = policy.protection
    return Policies(by_target, unreadable)


def _protection(document: Object) -> PolicyProtection | None:
    """Return what a policy excepts; None where it cannot be read, whatever the reason."""
    try:
        spec = parse(SuppressionPolicy, document).spec
    except InvalidObject:
        return None
    except Exception:
        logger.exception("Reading SuppressionPolicy %s failed (a bug in the operator)", name_of(document))
        return None
    suppressing, disabling = spec.suppress_findings, spec.disable_controls
    if suppressing is not None:
        selection = Selection(
            tuple(each.plain() for each in suppressing.match),
            tuple(each.plain() for each in suppressing.exceptions),
        )
    elif disabling is not None:
        selection = Selection(
            (
                Selector(
                    controls=disabling.controls,
                    standards=disabling.standards,
                    accounts=disabling.accounts,
                    regions=disabling.regions,
                ),
            )
        )
    else:
        return None
    return PolicyProtection(selection, instant_of(spec.expires_at))
