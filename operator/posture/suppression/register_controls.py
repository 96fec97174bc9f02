"""The register of exceptions: controls that are turned off, by which policy or by whom, why, until when."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from posture.domain import control_marks
from posture.domain.accounts import Standing
from posture.domain.evaluation import TurnedOff, View
from posture.domain.moments import instant_of, text_of
from posture.suppression.controls_account import Spot
from posture.suppression.controls_view import recorded
from posture.suppression.declared import Declared
from posture.suppression.register import STATUS, Entry, documented, undocumented

_WHAT = "disableControls"


class Off(NamedTuple):
    """A control that is off, the reason that Security Hub keeps of it, and since when, if it says so."""

    place: TurnedOff
    reason: str
    since: datetime | None


class Looked(NamedTuple):
    """What is off, as Security Hub says, in the accounts and Regions that could be `read`."""

    off: Collection[Off]
    read: Collection[Spot]


def control_entries(
    target: str, looked: Looked, policies: Mapping[str, Declared], now: int, view: View
) -> list[Entry]:
    """Return the controls of a target (namespace/name) that are off.

    Where they were not read, the status of the target's policies tells what these turned off. `policies`: all
    that are known, by namespace/name. Those of the target that turned nothing off have a count of 0.
    """
    found = []
    for off in sorted(looked.off):
        entry = _live(target, off, policies, now, view)
        found += [] if entry is None else [_spelled(entry, view)]
    told = controls_from_status(target, policies, now, read=looked.read)
    used = {entry.policy for entry in found}
    return found + [_spelled(each, view) for each in told if each.number or each.policy not in used]


def controls_from_status(
    target: str, policies: Mapping[str, Declared], now: int, *, read: Collection[Spot] | None = None
) -> list[Entry]:
    """Return the controls of a target as far as the policies' status tells, but for what was `read`.

    None: nothing could be read, and that a policy turned nothing off is known from its status too.
    """
    found: list[Entry] = []
    for name, declared in sorted(policies.items()):
        entry = documented(target, name, declared, now)
        if declared.scope != target or declared.suppresses:
            continue
        record = recorded(declared.status)
        rest = [place for place in sorted(record) if Spot(place.account_id, place.region) not in (read or ())]
        told = entry._replace(evidence=STATUS)
        found += [_at(told, place) for place in rest] or [told if read is None else entry]
    return found


def _live(target: str, off: Off, policies: Mapping[str, Declared], now: int, view: View) -> Entry | None:
    """Return the entry of a control that Security Hub says is off; None: it is another target's."""
    mark = control_marks.read(off.reason)
    declared = None if mark is None else policies.get(mark.policy)
    if mark is not None and declared is not None:
        if declared.scope != target:
            return None
        entry = _at(documented(target, mark.policy, declared, now), off.place)
        return entry._replace(why=entry.why or off.reason)
    if not _concerns(view, off.place):
        return None
    entry = undocumented(target, "" if mark is None else mark.policy, _WHAT)
    since = "" if off.since is None else text_of(instant_of(off.since))
    return _at(entry, off.place)._replace(why=off.reason, since=since)


def _concerns(view: View, place: TurnedOff) -> bool:
    """Whether a control that no policy turned off is one of the target's."""
    return place.standard in view.standards and view.accounts.standing(place.account_id) is Standing.TARGETED


def _at(entry: Entry, place: TurnedOff) -> Entry:
    return entry._replace(
        control=place.control,
        standard=place.standard,
        account=place.account_id,
        region=place.region,
        number=1,
    )


def _spelled(entry: Entry, view: View) -> Entry:
    return entry._replace(control=view.controls.spelled(entry.control))
