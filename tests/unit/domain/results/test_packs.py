"""Which pack the rules of an account and Region are of: told by numbers, and never guessed."""

from hypothesis import given
from hypothesis import strategies as st

from posture.domain.results.packs import attribute
from posture.domain.results.rows import PackResult, Place, is_security_hubs, pack_rule
from tests.support.examples import examples

HERE = Place("111122223333", "eu-west-1")


def pack(name: str, passed: int, failed: int) -> PackResult:
    return PackResult(name, HERE, passed, failed, passed + failed + 1)


def test_numbers_that_differ_tell_packs_apart() -> None:
    told = attribute({"a": (3, 1), "b": (2, 2)}, [pack("one", 2, 2), pack("two", 3, 1)], {})
    assert told.names == {"a": "two", "b": "one"}
    assert not told.unclear
    assert not told.gone


def test_packs_with_the_same_numbers_are_not_told_apart_and_another_is() -> None:
    ids = {"a": (3, 1), "b": (3, 1), "c": (1, 0)}
    told = attribute(ids, [pack("one", 3, 1), pack("two", 3, 1), pack("three", 1, 0)], {})
    assert told.names == {"c": "three"}
    assert told.unclear == {"one", "two"}


def test_what_was_told_apart_stays_so() -> None:
    ids = {"a": (3, 1), "b": (3, 1)}
    told = attribute(ids, [pack("one", 3, 1), pack("two", 3, 1)], {"a": "two", "b": "one"})
    assert told.names == {"a": "two", "b": "one"}
    assert not told.unclear


def test_one_that_was_told_apart_tells_the_other_nothing_while_its_numbers_are_of_another_moment() -> None:
    told = attribute({"a": (3, 1), "b": (2, 2)}, [pack("one", 3, 1), pack("two", 9, 9)], {"a": "one"})
    assert told.names == {"a": "one"}
    assert told.unclear == {"two"}


def test_numbers_correct_what_was_known() -> None:
    told = attribute(
        {"a": (3, 1), "b": (2, 2)}, [pack("one", 3, 1), pack("two", 2, 2)], {"a": "two", "b": "one"}
    )
    assert told.names == {"a": "one", "b": "two"}


def test_a_deleted_pack_is_gone_and_takes_no_rules() -> None:
    told = attribute({"a": (3, 1)}, [pack("there", 3, 1), pack("deleted", 5, 0)], {})
    assert told.names == {"a": "there"}
    assert told.gone == {"deleted"}
    assert not told.unclear


def test_a_deleted_pack_with_the_numbers_of_another_leaves_both_unclear() -> None:
    told = attribute({"a": (3, 1)}, [pack("there", 3, 1), pack("deleted", 3, 1)], {})
    assert not told.names
    assert told.unclear == {"there", "deleted"}


def test_a_pack_that_was_made_anew_gets_its_new_rules() -> None:
    told = attribute({"new": (3, 1)}, [pack("one", 3, 1)], {"old": "one"})
    assert told.names == {"new": "one"}


def test_a_pack_without_results_is_neither_unclear_nor_gone() -> None:
    told = attribute({"a": (3, 1)}, [pack("one", 3, 1), pack("idle", 0, 0)], {})
    assert told.names == {"a": "one"}
    assert not told.unclear | told.gone


@examples(200)
@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=4),
    st.dictionaries(st.sampled_from("PQRS"), st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=4),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("PQRS"), max_size=4),
)
def test_no_pack_gets_two_ids_and_what_is_not_told_is_said(
    ids: dict[str, tuple[int, int]], listed: dict[str, tuple[int, int]], known: dict[str, str]
) -> None:
    told = attribute(ids, [pack(name, *numbers) for name, numbers in listed.items()], known)
    assert len(set(told.names.values())) == len(told.names)
    with_results = {name for name, numbers in listed.items() if any(numbers)}
    said = set(told.names.values()) | told.unclear | told.gone
    assert with_results <= said
    assert not told.unclear & set(told.names.values())
    assert not told.gone & (set(told.names.values()) | told.unclear)


def test_the_suffix_of_a_pack_is_the_last_one() -> None:
    assert pack_rule("s3-ssl-conformance-pack-a1b2c3d4e") == ("s3-ssl", "a1b2c3d4e")
    assert pack_rule("x-conformance-pack-y-conformance-pack-z1") == ("x-conformance-pack-y", "z1")
    assert pack_rule("s3-ssl") == ("s3-ssl", "")
    assert pack_rule("-conformance-pack-z1") == ("-conformance-pack-z1", "")
    assert pack_rule("my-conformance-pack-rule-x") == ("my-conformance-pack-rule-x", "")


def test_security_hubs_own_rules_are_told_from_a_rule_about_security_hub() -> None:
    assert is_security_hubs("securityhub-s3-bucket-ssl-requests-only-7b5e3d14")
    assert is_security_hubs("securityhub-mfa-enabled-for-iam-console-access-5e3fe0")
    assert not is_security_hubs("securityhub-enabled")
    assert not is_security_hubs("securityhub-enabled-conformance-pack-a1b2c3d4e")
