"""Which hub: the credentials and the Region that targets share."""

import hashlib
from pathlib import Path
from typing import NamedTuple


class HubKey(NamedTuple):
    """A role (None: the operator's own identity) with the external id it is assumed with, and a Region."""

    role_arn: str | None
    external_id: str | None
    region: str

    @property
    def name(self) -> str:
        """The name of the hub's Lease and of its store: the same in every replica, and it shows no role."""
        parts = (self.role_arn or "", self.external_id or "", self.region)
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        return f"posture-hub-{digest[:16]}"


def store_path(data_dir: Path, name: str) -> Path:
    """Return where the store of the hub of this name is."""
    return data_dir / f"{name}.sqlite"
