"""Names of products. Security Hub has two: AWS renamed it, and its findings bear the older or the newer one.

Both mean the same wherever a name is written or read; what is kept, counted and shown has the older one.
"""

SECURITY_HUB = "Security Hub"
OWN_NAMES = (SECURITY_HUB, "Security Hub CSPM")
"""ProductName of Security Hub's own findings (API reference, StringFilter). Others may write it too."""

_FOLDED = frozenset(name.casefold() for name in OWN_NAMES)


def product_named(name: str) -> str:
    """Return the product that a name means."""
    return SECURITY_HUB if name in OWN_NAMES else name


def names_of(product: str) -> tuple[str, ...]:
    """Return every name of a product."""
    return OWN_NAMES if product == SECURITY_HUB else (product,)


def sounds_own(name: str) -> bool:
    """Tell whether a name would be taken for Security Hub's own, in whatever case."""
    return name.casefold() in _FOLDED
