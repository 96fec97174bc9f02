"""What a write returned counts until a list shows it, and no longer."""

from posture.kube.object_cache import ObjectCache
from posture.kube.resources import Object


def obj(version: str, uid: str = "u") -> Object:
    return {"metadata": {"uid": uid, "resourceVersion": version}}


def test_a_list_from_before_a_write_is_behind_it() -> None:
    objects = ObjectCache()
    assert objects.newest(obj("9")) == obj("9")
    objects.store(obj("11"))
    # As numbers: in a dictionary 9 comes after 11.
    assert objects.newest(obj("9")) == obj("11")
    assert objects.newest(obj("10")) == obj("11")
    assert objects.newest(obj("11")) == obj("11")
    assert objects.newest(obj("12")) == obj("12")
    assert objects.newest(obj("9", "other")) == obj("9", "other")


def test_answers_that_overtook_each_other_take_nothing_back() -> None:
    objects = ObjectCache()
    objects.store(obj("12"))
    objects.store(obj("11"))
    assert objects.newest(obj("10")) == obj("12")


def test_what_is_gone_is_forgotten() -> None:
    objects = ObjectCache()
    objects.store(obj("11"))
    objects.store(obj("12", "other"))
    objects.keep([obj("1")])
    assert objects.newest(obj("9")) == obj("11")
    assert objects.newest(obj("9", "other")) == obj("9", "other")


def test_versions_that_are_no_numbers_are_not_compared() -> None:
    objects = ObjectCache()
    objects.store(obj("b"))
    assert objects.newest(obj("a")) == obj("a")
