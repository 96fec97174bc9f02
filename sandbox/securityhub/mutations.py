"""Changes to findings that tests and the demo ask for: what providers and people do in a real hub."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sandbox.securityhub import changes
from sandbox.securityhub.asff import keys_of
from sandbox.securityhub.catalogue import partition_of
from sandbox.securityhub.clock import parse_timestamp
from sandbox.securityhub.emulator import Caller, Context, Emulator
from sandbox.securityhub.filters import compile_filters
from sandbox.securityhub.operations_findings import import_finding
from sandbox.securityhub.ordering import Sorting
from sandbox.securityhub.query import Query, View, fetch

_ALL = 10**9


class _Mutation(msgspec.Struct, forbid_unknown_fields=True, tag_field="op", tag=str.lower):
    pass


class _Selecting(_Mutation):
    """Of one finding by `id` (and `product_arn`), or of those that `where` (GetFindings filters) selects."""

    id: str | None = None
    product_arn: str | None = None
    where: dict[str, list[dict[str, Any]]] | None = None
    limit: int | None = None


class Update(_Selecting):
    """The provider updates it: `set` is merged in, and workflow follows AWS's rules.

    `UpdatedAt` becomes `updated_at`: `now`, a time, or None, which keeps it.
    """

    set: dict[str, Any] = {}
    updated_at: str | None = "now"


class Workflow(_Selecting):
    """A person changes it: workflow status, note or user fields, without a change of `UpdatedAt`."""

    status: str | None = None
    note: str | None = None
    by: str = "someone@example.com"
    user_fields: dict[str, str] | None = None


class Archive(_Selecting):
    """It is archived; `bump`: with another `UpdatedAt`."""

    bump: bool = True


class Delete(_Selecting):
    """It is gone."""


class Replace(_Selecting):
    """`set` is merged in as it is, whatever it does."""

    set: dict[str, Any] = {}


class Put(_Mutation):
    """This finding is there, exactly so, in place of the one with its Id, ProductArn and account."""

    finding: dict[str, Any]


class Import(_Mutation):
    """Any provider imports this finding, by BatchImportFindings' rules."""

    finding: dict[str, Any]


class Raw(_Mutation):
    """This text stands where a finding's JSON does, valid or not.

    `keys`: what it is found by, under ASFF's names (Id, ProductArn, AwsAccountId, Region, UpdatedAt, …).
    """

    body: str
    keys: dict[str, Any]


Mutation = Update | Workflow | Archive | Delete | Replace | Put | Import | Raw


def mutation_of(document: Any) -> Mutation:  # noqa: ANN401 - decoded JSON
    """Return the mutation in a decoded document. Raises msgspec.ValidationError where it is none."""
    mutation: Mutation = msgspec.convert(document, Mutation)
    return mutation


def mutate(emulator: Emulator, mutations: Iterable[Mutation]) -> list[int]:
    """Carry out mutations in order; return how many findings each concerned.

    Raises KeyError for an Id that no finding has, ValueError for a time that is none.
    """
    return [_mutate(emulator, mutation) for mutation in mutations]


def _mutate(emulator: Emulator, mutation: Mutation) -> int:
    match mutation:
        case Put():
            _put(emulator, mutation.finding)
        case Import():
            finding = mutation.finding
            caller = Caller(finding["AwsAccountId"], finding.get("Region", "us-east-1"))
            import_finding(Context(emulator, caller), finding)
        case Raw():
            body = mutation.body.encode()
            _add_or_replace(emulator, body, keys_of(msgspec.json.encode(mutation.keys)))
        case _:
            seqs = list(_selected(emulator, mutation))
            for seq in seqs:
                _change(emulator, seq, mutation)
            return len(seqs)
    return 1


def _put(emulator: Emulator, finding: dict[str, Any]) -> None:
    body = msgspec.json.encode(finding)
    _add_or_replace(emulator, body, keys_of(body))


def _add_or_replace(emulator: Emulator, body: bytes, keys: Any) -> None:  # noqa: ANN401 - Keys
    there = emulator.store.find(keys.id, keys.product_arn) if keys.id else []
    for seq, account, _ in there:
        if account == keys.account:
            emulator.change(seq, body, keys)
            return
    emulator.add(body, keys)


def _selected(emulator: Emulator, selecting: _Selecting) -> Iterator[int]:
    if selecting.where is not None:
        filters = compile_filters(selecting.where, emulator.clock.now())
        everything = Query(filters, View(), Sorting(()), limit=selecting.limit or _ALL)
        yield from [row.seq for row in fetch(emulator.store, everything).rows]
        return
    found = emulator.store.find(selecting.id or "", selecting.product_arn)
    if not found:
        raise KeyError(f"no finding has the Id {selecting.id!r}")
    yield from [seq for seq, _, _ in found]


def _change(emulator: Emulator, seq: int, mutation: Update | Workflow | Archive | Delete | Replace) -> None:
    match mutation:
        case Delete():
            emulator.delete(seq)
        case Update():
            emulator.change(seq, _updated(emulator, seq, mutation))
        case Archive():
            bumped = {"UpdatedAt": emulator.clock.timestamp()} if mutation.bump else {}
            emulator.change(seq, {**emulator.finding(seq), "RecordState": "ARCHIVED", **bumped})
        case Replace():
            emulator.change(seq, changes.deep_merge(emulator.finding(seq), mutation.set))
        case Workflow():
            emulator.change(
                seq,
                _by_hand(emulator, seq, mutation),
                by=f"arn:{partition_of(emulator.finding(seq)['Region'])}:iam::111122223333:user/person",
            )


def _updated(emulator: Emulator, seq: int, mutation: Update) -> dict[str, Any]:
    old = emulator.finding(seq)
    new = changes.deep_merge(old, mutation.set)
    if mutation.updated_at is not None:
        moment = emulator.clock.timestamp() if mutation.updated_at == "now" else mutation.updated_at
        if parse_timestamp(moment) is None:
            raise ValueError(f"updated_at: {moment!r} is no timestamp")
        new["UpdatedAt"] = moment
    return changes.after_provider_change(old, new)


def _by_hand(emulator: Emulator, seq: int, mutation: Workflow) -> dict[str, Any]:
    update: dict[str, Any] = {"UserDefinedFields": mutation.user_fields}
    if mutation.status is not None:
        update["Workflow"] = {"Status": mutation.status}
    if mutation.note is not None:
        update["Note"] = {"Text": mutation.note, "UpdatedBy": mutation.by}
    return changes.apply_customer_update(
        emulator.finding(seq),
        update,
        emulator.clock.timestamp(),
        merge_user_fields=emulator.settings.merge_user_fields,
    )
