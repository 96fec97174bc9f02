import pytest

from posture.domain.findings import names_of, product_named, sounds_own


@pytest.mark.parametrize("name", ["Security Hub", "Security Hub CSPM"])
def test_security_hub_has_two_names(name: str) -> None:
    assert product_named(name) == "Security Hub"
    assert name in names_of(product_named(name))


def test_another_product_has_one() -> None:
    assert product_named("GuardDuty") == "GuardDuty"
    assert names_of("GuardDuty") == ("GuardDuty",)


@pytest.mark.parametrize(
    ("name", "sounds"),
    [("security hub", True), ("SECURITY HUB CSPM", True), ("Security Hub V2", False), ("Hub", False)],
)
def test_what_sounds_like_it_is_no_other_products_name(name: str, sounds: bool) -> None:
    assert sounds_own(name) is sounds
