"""What policies and rules say to select findings by."""

from typing import NamedTuple


class Selector(NamedTuple):
    """An AND of lists of globs; an empty list asks for nothing. `tags`: values by key, AND over keys.

    Case-sensitive but for `controls`. `resource_types`, `resource_ids` and `tags` are to fit one same
    resource.
    """

    controls: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()
    resource_ids: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Selection(NamedTuple):
    """What any of `match` selects and none of `exceptions` does."""

    match: tuple[Selector, ...]
    exceptions: tuple[Selector, ...] = ()
