"""How numbers are said to people."""


def counted(number: int, one: str, many: str) -> str:
    """Return a number with what it counts: `counted(1, "finding is", "findings are")` is `1 finding is`."""
    return f"{number} {one if number == 1 else many}"
