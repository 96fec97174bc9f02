"""Stores of hubs that no target declares any more: kept for a week, should it come back, and then removed."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

from posture.hubs.key import store_path
from posture.store import remove_unused

logger = logging.getLogger(__name__)

_EVERY = 3600.0
UNUSED_FOR = 7 * 24 * 3600.0


async def remove_leftovers(data_dir: Path, declared: Callable[[], Collection[str] | None]) -> None:
    """Look every hour for stores to remove, until cancelled.

    `declared`: the names of all hubs that a target declares, suspended ones too, or that this replica still
    works on; None while that is not known, and then nothing is concluded.
    """
    while True:
        await asyncio.sleep(_EVERY)
        names = declared()
        if names is None:
            continue
        in_use = {store_path(data_dir, name) for name in names}
        try:
            await asyncio.to_thread(remove_unused, data_dir, in_use, time.time() - UNUSED_FOR)
        except OSError as error:
            logger.warning("Unused stores in %s could not be looked for: %s", data_dir, error)
