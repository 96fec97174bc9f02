"""A random history of an organization, and a slow model of what a sync must know of it at each bound."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import msgspec

from posture.aws.securityhub.wire import decode_page
from posture.domain.findings import Compliance, Finding, RecordState, Workflow
from tests.support.hubs.world import MINUTE, NEWCOMER, World
from tests.support.rows import as_read

Document = dict[str, Any]
Name = tuple[str, str]
Picture = dict[Name, Finding]


def decoded(documents: Iterable[Document]) -> Picture:
    """Findings as the operator reads them, by ProductArn and Id."""
    page = decode_page(msgspec.json.encode({"Findings": list(documents)}))
    assert not page.rejected
    return {(each.product_arn, each.id): as_read(each) for each in page.findings}


def is_exceptional(each: Finding | None) -> bool:
    """In the set that every poll lists again."""
    return (
        each is not None
        and each.record_state is RecordState.ACTIVE
        and (
            each.workflow in {Workflow.SUPPRESSED, Workflow.NOTIFIED}
            or (each.workflow is Workflow.RESOLVED and each.compliance is not Compliance.PASSED)
        )
    )


def is_listed(each: Finding | None) -> bool:
    """In the set that is listed again every hour: what is suppressed is left to polls."""
    return (
        each is not None
        and each.record_state is RecordState.ACTIVE
        and each.compliance is not Compliance.PASSED
        and each.workflow is not Workflow.SUPPRESSED
    )


def allowed_after_poll(before: Picture, truth: Picture, followed: int) -> dict[Name, list[Finding | None]]:
    """What may be known of each finding after a poll, None: nothing. `followed`: since when updates are read.

    More than the truth is allowed only where nothing that a poll reads shows a change.
    """
    allowed: dict[Name, list[Finding | None]] = {}
    for name in before.keys() | truth.keys():
        old, new = before.get(name), truth.get(name)
        shows = is_exceptional(old) or is_exceptional(new) or (new is not None and new.updated_at >= followed)
        allowed[name] = [new] if shows else [old, new]
    return allowed


def material(each: Finding | None) -> Finding | None:
    """A finding without what nobody counts: notes, and whether a finding that passes is NEW or RESOLVED."""
    if each is None:
        return None
    quiet = each.compliance is Compliance.PASSED and each.workflow in {Workflow.NEW, Workflow.RESOLVED}
    workflow = Workflow.NEW if quiet or each.record_state is RecordState.ARCHIVED else each.workflow
    return each._replace(note="", user_fields=(), workflow=workflow)


class History:
    """Changes a world at random, and remembers every state that every finding was in."""

    def __init__(self, world: World, random: Random, products: Iterable[str]) -> None:
        self.world = world
        self.random = random
        self.moment = 0
        self.states: dict[Name, list[tuple[int, Document | None, Finding | None]]] = {}
        self._products = frozenset(products)
        self.note()

    def truth(self) -> Picture:
        """AWS's findings as they are, of the products."""
        return self.world.truth(self._products)

    def note(self) -> None:
        """Remember the present state of every finding, as of the next moment."""
        self.moment += 1
        present = set()
        for _, body in self.world.emulator.store.all_bodies():
            document = msgspec.json.decode(body)
            name = (document["ProductArn"], document["Id"])
            present.add(name)
            states = self.states.setdefault(name, [])
            if not states or states[-1][1] != document:
                states.append((self.moment, document, decoded([document])[name]))
        for name in self.states.keys() - present:
            if self.states[name][-1][1] is not None:
                self.states[name].append((self.moment, None, None))

    def since(self, name: Name, moment: int) -> list[Finding | None]:
        """The states of a finding at that moment and after it, None: it was not there."""
        states = self.states.get(name, [])
        after = [finding for at, _, finding in states if at > moment]
        at_first = [finding for at, _, finding in states if at <= moment][-1:] or [None]
        return [*at_first, *after]

    def truth_at(self, moment: int) -> Picture:
        """AWS's findings, of the products, as they were."""
        found = {name: self.since(name, moment)[0] for name in self.states}
        return {name: each for name, each in found.items() if each and each.check.product in self._products}

    def document_of(self, each: Finding) -> Document:
        """The state that a stored finding shows; there must have been one."""
        for _, document, finding in reversed(self.states[each.product_arn, each.id]):
            if finding == each and document is not None:
                return document
        raise AssertionError(f"never was so: {each}")

    def happen(self, times: int = 1) -> None:
        """Let things happen, now and then at one same instant."""
        for _ in range(times):
            self.world.emulator.clock.advance(self.random.choice((0, 0.001, 1, 30)))
            self.random.choice(_EVENTS)(self)
            self.note()

    def _pick(self, condition: Callable[[Document], bool] = lambda _: True) -> Document | None:
        bodies = (msgspec.json.decode(body) for _, body in self.world.emulator.store.all_bodies())
        candidates = [document for document in bodies if condition(document)]
        return self.random.choice(candidates) if candidates else None

    def _mutate(self, document: Document | None, op: str, **change: Any) -> None:
        if document is not None:
            named = {"id": document["Id"], "product_arn": document["ProductArn"]}
            self.world.mutate({**named, "op": op, **change})

    def provider_change(self) -> None:
        status = self.random.choice(("PASSED", "FAILED", "WARNING", "NOT_AVAILABLE"))
        picked = self._pick(lambda each: "Compliance" in each)
        self._mutate(picked, "update", set={"Compliance": {"Status": status}})

    def severity_change(self) -> None:
        """It comes back from the archive, too."""
        label = self.random.choice(("LOW", "CRITICAL"))
        change = {"Severity": {"Label": label}, "RecordState": "ACTIVE"}
        self._mutate(self._pick(), "update", set=change)

    def by_hand(self) -> None:
        picked = self._pick(lambda each: each["RecordState"] == "ACTIVE")
        status = self.random.choice(("SUPPRESSED", "SUPPRESSED", "NOTIFIED", "RESOLVED", "NEW"))
        self._mutate(picked, "workflow", status=status, note=self.random.choice((None, "looked at")))

    def archive(self) -> None:
        picked = self._pick(lambda each: each["RecordState"] == "ACTIVE")
        self._mutate(picked, "archive", bump=self.random.random() < 0.3)

    def delete(self) -> None:
        self._mutate(self._pick(), "delete")

    def appear(self) -> None:
        """New findings, one of another product and without Compliance."""
        made = self.world.some(self.random.randrange(1, 4), within=MINUTE)
        self.world.load([*made, *self.world.some(1, within=MINUTE, product="GuardDuty", compliance=None)])

    def join(self) -> None:
        """An account joins, with findings of its past: no poll reaches back so far."""
        self.world.join(NEWCOMER)
        self.world.load(self.world.some(5, account=NEWCOMER))
        self.note()

    def forge(self) -> None:
        """A member imports a finding that calls itself Security Hub's, and passes."""
        self.world.load(self.world.some(1, within=MINUTE, compliance="PASSED", own=False))

    def appear_renamed(self) -> None:
        """One of Security Hub's own under its other name."""
        self.world.load(self.world.some(1, within=MINUTE, product="Security Hub CSPM"))


_EVENTS = (
    History.provider_change,
    History.provider_change,
    History.provider_change,
    History.severity_change,
    History.by_hand,
    History.by_hand,
    History.by_hand,
    History.archive,
    History.delete,
    History.appear,
    History.forge,
    History.appear_renamed,
)
