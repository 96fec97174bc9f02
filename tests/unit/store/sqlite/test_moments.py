"""Moments by subject and key, kept beside the findings."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from posture.store.sqlite.store import Store
from tests.support.examples import examples
from tests.support.rows import opened

subjects = st.sampled_from(["looked", "in scope of a", "in scope of b"])
keys = st.sampled_from([b"", b"\x00", b"k" * 16])
moments = st.none() | st.integers(0, 2**62)


@examples(60)
@given(
    st.lists(
        st.tuples(st.dictionaries(subjects, st.dictionaries(keys, moments)), st.sets(subjects, max_size=3))
    )
)
def test_they_are_what_was_put_last(
    shared_store: Store, puts: list[tuple[dict[str, dict[bytes, int | None]], set[str]]]
) -> None:
    shared_store.put_moments({}, subjects=())
    expected: dict[str, dict[bytes, int]] = {}
    for changed, kept in puts:
        shared_store.put_moments(changed, subjects=kept)
        expected = {subject: each for subject, each in expected.items() if subject in kept}
        for subject, each in changed.items():
            for key, at in each.items():
                expected.setdefault(subject, {}).pop(key, None)
                if at is not None:
                    expected[subject][key] = at
        for subject in ("looked", "in scope of a", "in scope of b"):
            assert shared_store.moments(subject) == expected.get(subject, {})


def test_they_outlive_the_process(path: Path) -> None:
    with opened(path) as store:
        store.put_moments({"a": {b"k": 5}, "b": {b"k": 6}}, subjects=())
    with opened(path) as store:
        store.put_moments({}, subjects=["b"])
        assert (store.moments("a"), store.moments("b")) == ({}, {b"k": 6})
