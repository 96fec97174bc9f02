"""Work in a fresh process of its own: its memory, its CPU time and its caches are nobody else's."""

import os
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MIB = 2**20


def alone(work: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Run a function of a module in a new interpreter and return its result, or raise what it raised."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *arguments, **options).result()


def cpu_seconds() -> float:
    """Return the CPU seconds that all threads of this process have used so far, in user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """Return the resident memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def peak_resident() -> float:
    """Return the most that has been resident since `forget_peak`, in MiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")


def forget_peak() -> None:
    """Start the peak anew at what is resident now (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")
