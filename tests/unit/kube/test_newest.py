"""What a write returned counts until a list shows it, and no longer."""

from posture.kube.object_cache import Newest
from posture.kube.resources import Object


def obj(version: str, uid: str = "u") -> Object:
    return {"metadata": {"uid": uid, "resourceVersion": version}}


def test_a_list_from_before_a_write_is_behind_it() -> None:
    newest = Newest()
    assert newest.of(obj("9")) == obj("9")
    newest.stored(obj("11"))
    # As numbers: in a dictionary 9 comes after 11.
    assert newest.of(obj("9")) == obj("11")
    assert newest.of(obj("10")) == obj("11")
    assert newest.of(obj("11")) == obj("11")
    assert newest.of(obj("12")) == obj("12")
    assert newest.of(obj("9", "other")) == obj("9", "other")


def test_answers_that_overtook_each_other_take_nothing_back() -> None:
    newest = Newest()
    newest.stored(obj("12"))
    newest.stored(obj("11"))
    assert newest.of(obj("10")) == obj("12")


def test_what_is_gone_is_forgotten() -> None:
    newest = Newest()
    newest.stored(obj("11"))
    newest.stored(obj("12", "other"))
    newest.keep([obj("1")])
    assert newest.of(obj("9")) == obj("11")
    assert newest.of(obj("9", "other")) == obj("9", "other")


def test_versions_that_are_no_numbers_are_not_compared() -> None:
    newest = Newest()
    newest.stored(obj("b"))
    assert newest.of(obj("a")) == obj("a")
