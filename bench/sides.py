"""Sides of a comparison, taken in turns, so that what else the machine does falls on all of them."""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

Samples = Mapping[str, list[float]]


def in_turns(sides: Mapping[str, Callable[[], float]], repetitions: int) -> Samples:
    """Measure each side once in each repetition; return all values by side."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, side in sides.items():
            samples[name].append(side())
    return samples


def cpu_seconds(work: Callable[[], object]) -> float:
    """Run the work and return the CPU seconds of this process that it took, garbage collected before."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def middle(samples: Samples) -> dict[str, float]:
    """Return the median of each side."""
    return {name: median(values) for name, values in samples.items()}
