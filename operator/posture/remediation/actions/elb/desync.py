"""Modes of desync mitigation (Elastic Load Balancing, "Desync mitigation mode")."""

DEFENSIVE = "defensive"
RISK = "Requests that are ambiguous and open a way for attacks are refused."


def guards(mode: str) -> bool:
    """Whether a mode is one of those that the controls ask for."""
    return mode in {DEFENSIVE, "strictest"}
