"""Two findings are one row if and only if ProductArn and Id are equal, from the wire to the store.

The oracle reads the document with the standard library and compares the two texts; it knows no keys.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posture.aws.securityhub.wire import FindingsPage, decode_page
from posture.domain.findings import RecordState, Rejection
from posture.store.records import Read, key_of
from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import emptied, opened

Name = tuple[str, str]
"""ProductArn and Id."""

ARN = "arn:aws:securityhub:eu-west-1::product/acme/scanner"
OTHER = "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default"
# Parts that two names can be put together from in more than one way, and texts that only look alike.
_parts = st.lists(
    st.sampled_from(
        ["a", "b", "A", "\u00e9", "e\u0301", "/", ":", "|", "\x01", "\u2028", "🙂", "%00", "\\0", "\0"]
    ),
    min_size=1,
    max_size=3,
).map("".join)
_arns = st.sampled_from([ARN, OTHER]) | st.builds("{}{}".format, st.sampled_from([ARN, OTHER]), _parts)
_names = st.tuples(_arns, _parts | st.builds("{}\0{}".format, _parts, _parts))


def asff(name: Name, **changes: Any) -> dict[str, Any]:
    return {
        "Id": name[1],
        "ProductArn": name[0],
        "ProductName": "Scanner",
        "AwsAccountId": "111122223333",
        "CreatedAt": "2026-11-22T00:00:00Z",
        "UpdatedAt": "2026-11-22T00:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Resources": [{"Type": "Other", "Id": "r"}],
    } | changes


def decoded(*findings: dict[str, Any]) -> FindingsPage:
    return decode_page(json.dumps({"Findings": findings}).encode())


def written(store: Store, page: FindingsPage, asked_at: int) -> None:
    """Take a page into the store as a hub does."""
    store.write(
        [Read(page.findings, asked_at, {key_of(*each.finding): each.why for each in page.unreadable})]
    )
    store.reject([Rejection(*each) for each in page.rejected], asked_at=asked_at)


def rows(store: Store) -> Counter[Name]:
    """Return the names of all rows, each as often as there are rows of it."""
    return Counter(
        (each.product_arn, each.id) for state in RecordState for each in store.findings(state=state)
    )


def sound(name: Name) -> bool:
    """The oracle: whether a name is one that AWS's API can be asked for."""
    arn, finding_id = name
    product = arn.split("/", 1)[1]
    return (
        "\0" not in arn + finding_id
        and product.count("/") == 1
        and all(product.split("/"))
        and arn.split() == [arn]
    )


@examples(200)
@given(st.lists(st.lists(_names, max_size=5), max_size=4))
def test_findings_are_one_row_if_and_only_if_arn_and_id_are_equal(
    shared_store: Store, pages: list[list[Name]]
) -> None:
    store = emptied(shared_store)
    store.forget_rejected(2**60)
    for asked_at, names in enumerate(pages):
        written(store, decoded(*map(asff, names)), asked_at)
    told = {name for names in pages for name in names}
    assert rows(store) == Counter({name: 1 for name in told if sound(name)})
    assert store.count_rejected() == len([name for name in told if not sound(name)])


@examples(200)
@given(_names, _names)
def test_keys_are_equal_if_and_only_if_names_are(one: Name, other: Name) -> None:
    assert (key_of(*one) == key_of(*other)) == (one == other)


def test_a_nul_is_no_part_of_a_name() -> None:
    """With it, one name could be read as another."""
    page = decoded(asff((ARN, "x\0y")), asff((f"{ARN}\0x", "y")), asff((ARN, "z")))
    assert [each.id for each in page.findings] == ["z"]
    assert [each.why for each in page.rejected] == [
        "Id contains a NUL",
        "ProductArn is not the ARN of a Security Hub product",
    ]
    assert [each.finding for each in page.rejected] == [(ARN, "x\0y"), (f"{ARN}\0x", "y")]


def test_a_product_arn_that_is_no_unicode_is_no_name() -> None:
    """Two of them could look alike once what is broken in them is replaced."""
    wire = json.dumps({"Findings": [asff((f"{ARN}HERE", "x"))]}).encode()
    for broken in (b"\xff", b"\\ud800"):
        page = decode_page(wire.replace(b"HERE", broken))
        assert page.findings == []
        assert [each.why for each in page.rejected] == ["Id or ProductArn is no Unicode; Id is missing"]


def test_rejected_findings_of_one_id_are_counted_apart(path: Path) -> None:
    """And a sound finding of one product says nothing of another product's with the same Id."""
    bad = [asff((arn, "x"), UpdatedAt="yesterday") for arn in (ARN, OTHER)]
    with opened(path) as store:
        written(store, decoded(*bad), 1)
        assert store.count_rejected() == 2
    with opened(path) as store:
        assert store.count_rejected() == 2
        written(store, decoded(asff((ARN, "x"))), 2)
        assert [each.product_arn for each in store.rejected()] == [OTHER]
        assert rows(store) == {(ARN, "x"): 1}


def test_an_odd_finding_is_named_and_its_namesake_is_not(store: Store) -> None:
    odd, clean = asff((ARN, "x"), Severity={"Label": "SEVERE"}), asff((OTHER, "x"))
    written(store, decoded(odd, clean), 1)
    assert [(each.product_arn, each.id) for each in store.unreadable()] == [(ARN, "x")]
    written(store, decoded(asff((ARN, "x")), clean), 2)
    assert store.count_unreadable() == 0


def test_what_is_rejected_keeps_its_name() -> None:
    [rejected] = decoded(asff((ARN, "x"), AwsAccountId="1")).rejected
    assert rejected == Rejection("x", ARN, "1", "AwsAccountId '1' is not 12 digits")
