"""The four flags of S3's block public access (S3 user guide, "Blocking public access")."""

from collections.abc import Mapping
from typing import Any

FLAGS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
ALL_ON: Mapping[str, bool] = dict.fromkeys(FLAGS, True)
NONE = frozenset({"NoSuchPublicAccessBlockConfiguration"})
"""The code that says that there is no configuration."""
PART = "publicAccessBlock"


def flags_of(body: Mapping[str, Any] | None) -> dict[str, bool] | None:
    """Return the flags of an answer; one that it does not have is off. None: there is no configuration."""
    if body is None:
        return None
    configuration = body["PublicAccessBlockConfiguration"]
    return {flag: bool(configuration.get(flag)) for flag in FLAGS}


def summary(flags: Mapping[str, bool] | None, of_what: str) -> str:
    """Say what turning all of them on changes."""
    off = [flag for flag in FLAGS if not (flags or {}).get(flag)]
    return f"Turn on {', '.join(off)} of {of_what}"
