"""What selectors ask of a finding itself: its severity, its title, its resources."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from posture.domain.findings import Finding, Resource, Severity
from posture.domain.globs import GlobLists, bits, globs, indexes, is_wild
from posture.domain.memory import Memory
from posture.domain.selectors import Selector

Look = Callable[[Finding], int]


class _Tests(NamedTuple):
    """What some selectors ask of a resource, each with its bit: of the Id alone, of any field, of one tag."""

    of_ids: Sequence[tuple[int, Callable[[str], bool]]]
    of_resources: Sequence[tuple[int, Callable[[Resource], bool]]]
    of_tags: Mapping[tuple[str, str], int]

    def fitting(self, resources: Sequence[Resource]) -> int:
        """Return the selectors that any of the resources fits."""
        fitting = 0
        for resource in resources:
            resource_id = resource.id
            for bit, fits_id in self.of_ids:
                if fits_id(resource_id):
                    fitting |= bit
            for bit, fits in self.of_resources:
                if fits(resource):
                    fitting |= bit
            if self.of_tags:
                for tag in resource.tags:
                    fitting |= self.of_tags.get(tag, 0)
        return fitting


class Looks:
    """Compiles, for any set of selectors, how a finding is looked at to learn which of them it fits."""

    def __init__(self, selectors: Sequence[Selector]) -> None:
        self._selectors = selectors
        severities = GlobLists([each.severities for each in selectors])
        titles = GlobLists([each.titles for each in selectors])
        self._grading = ~severities.free
        self._severities = tuple(severities(severity.name) for severity in Severity)
        self._titling = ~titles.free
        self._titles = Memory(titles)
        self._asking = bits(
            i for i, s in enumerate(selectors) if s.resource_types or s.resource_ids or s.tags
        )
        self._tests = Memory(self._compiled)
        self.at = Memory(self._look)
        """By selectors: how to look; None when all of them fit every finding of the place."""

    def _look(self, selectors: int) -> Look | None:
        asking = selectors & self._asking
        beside = selectors ^ asking
        if selectors & (self._grading | self._titling):
            return self._looking_at_all(selectors)
        if not asking:
            return None
        fitting = self._tests[asking].fitting
        return lambda finding: beside | fitting(finding.resources)

    def _looking_at_all(self, selectors: int) -> Look:
        severities, titles = self._severities, self._titles
        titling, resourceful = selectors & self._titling, self._asking
        tests = self._tests

        def look(finding: Finding) -> int:
            left = selectors & severities[finding.severity]
            if left & titling:
                left &= titles[finding.title]
            asking = left & resourceful
            return left ^ asking | tests[asking].fitting(finding.resources) if asking else left

        return look

    def _compiled(self, selectors: int) -> _Tests:
        of_ids: list[tuple[int, Callable[[str], bool]]] = []
        of_resources: list[tuple[int, Callable[[Resource], bool]]] = []
        of_tags: dict[tuple[str, str], int] = {}
        for index in indexes(selectors):
            bit, selector = 1 << index, self._selectors[index]
            if selector.resource_ids and not selector.resource_types and not selector.tags:
                of_ids.append((bit, globs(selector.resource_ids)))
            elif tags := _exact_tags(selector):
                for tag in tags:
                    of_tags[tag] = of_tags.get(tag, 0) | bit
            else:
                of_resources.append((bit, _fits_resource(selector)))
        return _Tests(of_ids, of_resources, of_tags)


def _exact_tags(selector: Selector) -> list[tuple[str, str]]:
    """Return the tags of which any will do, where nothing else is asked of a resource."""
    if selector.resource_types or selector.resource_ids or len(selector.tags) != 1:
        return []
    ((key, values),) = selector.tags
    return [] if any(map(is_wild, values)) else [(key, value) for value in values]


def _fits_resource(selector: Selector) -> Callable[[Resource], bool]:
    types = globs(selector.resource_types) if selector.resource_types else None
    ids = globs(selector.resource_ids) if selector.resource_ids else None
    tags = [(key, globs(values)) for key, values in selector.tags]

    def fits(resource: Resource) -> bool:
        return (
            (types is None or types(resource.type))
            and (ids is None or ids(resource.id))
            and all(any(k == key and values(v) for k, v in resource.tags) for key, values in tags)
        )

    return fits
