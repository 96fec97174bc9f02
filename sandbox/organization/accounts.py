"""The accounts of a simulated organization."""

from typing import NamedTuple

ADMINISTRATOR = "111122223333"

WORKLOADS = (
    "payments", "webshop", "catalogue", "search", "loyalty", "billing", "identity", "warehouse",
    "shipping", "pricing", "reporting", "fraud", "mobile-backend", "content", "returns", "invoicing",
)  # fmt: skip
ENVIRONMENTS = ("development", "acceptance", "production")

# Accounts that fit no naming scheme are in every organization: the platform's own, and what was there before.
PLATFORM = (
    ("222233334444", "log-archive"),
    ("333344445555", "audit"),
    ("444455556666", "shared-network"),
    ("555566667777", "Überbrückung (Altsystem)"),
)


class Account(NamedTuple):
    """An account. `health`: the share of its checks that pass."""

    id: str
    name: str
    health: float

    @property
    def email(self) -> str:
        """The account's root address."""
        return f"aws+{self.id}@example.com"


def accounts(count: int) -> tuple[Account, ...]:
    """Return `count` accounts: the administrator, the platform's, then one for each workload and environment.

    The names of the last follow `xebia-<workload>-<environment>`; beyond 48 of them workloads get a number.
    """
    named = [Account(ADMINISTRATOR, "security-tooling", 0.97)]
    named += [Account(id_, name, 0.9) for id_, name in PLATFORM]
    for index in range(max(0, count - len(named))):
        turn, place = divmod(index, len(WORKLOADS) * len(ENVIRONMENTS))
        workload, environment = divmod(place, len(ENVIRONMENTS))
        suffix = f"-{turn + 1}" if turn else ""
        named.append(
            Account(
                id=f"{600_000_000_000 + index * 7_919:012d}",
                name=f"xebia-{WORKLOADS[workload]}{suffix}-{ENVIRONMENTS[environment]}",
                health=0.80 + (index * 37 % 19) / 100,
            )
        )
    return tuple(named[:count])
