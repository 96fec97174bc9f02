"""What a target that is scored by AWS Config asks for: its aggregator, its standards and their controls."""

from posture.api.targets.kind import PostureTargetSpec
from posture.domain.results.picture import ResultsAsked
from posture.domain.standards import (
    CONFIG_RULES,
    ControlAssociation,
    Controls,
    Standard,
    pack_standard,
)


def has_config_source(spec: PostureTargetSpec) -> bool:
    """Whether a target is scored by AWS Config, and not by Security Hub's standards."""
    return spec.source.security_standards is None


def aggregator_of(spec: PostureTargetSpec) -> str | None:
    """Return the aggregator that a target names; None: it names none."""
    chosen = spec.source.conformance_packs or spec.source.config_rules
    return None if chosen is None else chosen.aggregator


def asked_of(spec: PostureTargetSpec) -> ResultsAsked:
    """Return the packs and rules that a target is scored by."""
    packs, rules = spec.source.conformance_packs, spec.source.config_rules
    return ResultsAsked(frozenset(packs.names if packs else ()), frozenset(rules.names if rules else ()))


def config_standards(spec: PostureTargetSpec) -> tuple[str, ...]:
    """Return the standards of a target: one a pack, or that of the rules that it names."""
    packs = spec.source.conformance_packs
    return (CONFIG_RULES,) if packs is None else tuple(map(pack_standard, packs.names))


def config_controls(spec: PostureTargetSpec) -> Controls:
    """Return what is known of the controls of a target before any result.

    Of a pack nothing is: its results tell. Of `config-rules` all are, and no other rule belongs to it.
    """
    rules = spec.source.config_rules
    listed = {} if rules is None else {name: ControlAssociation(name, enabled=True) for name in rules.names}
    return Controls(
        {name: Standard(name, "", listed, closed=rules is not None) for name in config_standards(spec)}
    )
