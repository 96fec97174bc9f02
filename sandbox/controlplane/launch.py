"""``python launch.py OWNER COMMAND…`` becomes COMMAND, which the kernel kills when the process OWNER dies.

A program in between, because the request has to be made between fork and exec, where code in a process with
threads may deadlock (the ``preexec_fn`` of subprocess says so).
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(owner: int, command: list[str]) -> None:
    """Replace this process by ``command``. Raises OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != owner:
        sys.exit(f"The process {owner} that wanted {command[0]} has ended.")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted: it becomes the program


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
