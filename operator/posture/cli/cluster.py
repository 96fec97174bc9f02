"""Asking the cluster, as all commands do: what fails is told in a sentence, and ends with 1."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import TypeVar

from posture import logs
from posture.cli.terminal import complain
from posture.kube.connection import NoCluster
from posture.kube.errors import Forbidden, KubeError

_T = TypeVar("_T")


def ask(work: Coroutine[object, object, _T]) -> _T:
    """Do what needs the cluster; ends with 1 where that cannot be asked."""
    logs.configure("console", "error")
    logging.captureWarnings(capture=True)
    try:
        return asyncio.run(work)
    except (KubeError, NoCluster) as error:
        complain(said(error))
        sys.exit(1)


def said(error: Exception) -> str:
    """Say an error to a person: what else is said of missing rights is about the operator's."""
    if isinstance(error, Forbidden):
        return f"you may not {error.call.right}: {error.said}"
    return str(error)
