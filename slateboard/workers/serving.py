"""The main loop of a worker process: it answers items from its pipe, one by one, until its parent ends."""

import multiprocessing
import os
import pickle
import resource
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from slateboard.limits import limited
from slateboard.workers.outcome import Budget, attempt, explain


def serve(connection: "Connection[Any, Any]", function: Callable[[Any], Any], budget: Budget) -> None:
    """Send the time at which the process is ready, then answer each pickled item with its pickled outcome."""
    _begin(budget.memory_bytes)
    connection.send_bytes(struct.pack("d", time.monotonic()))
    with limited(budget.limits):
        while True:
            try:
                message = connection.recv_bytes()
            except (EOFError, OSError):
                return
            connection.send_bytes(_answer(function, message))


def _answer(function: Callable[[Any], Any], message: bytes) -> bytes:
    try:
        outcome = attempt(function, pickle.loads(message))
        del message
        return pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        # The item cannot be read here, or its result cannot be sent.
        return pickle.dumps(explain(error))


def _begin(memory_bytes: int | None) -> None:
    """Put this process into a group of its own, end it with its parent, and limit its memory."""
    # A session of its own: what it starts, as ffmpeg, is in the same process group and is killed with it, and the
    # terminal's Ctrl-C reaches the parent alone, which then ends everybody.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Workers may have workers of their own.
    multiprocessing.current_process().daemon = False
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if memory_bytes is not None:
        # RLIMIT_DATA counts writable private memory, not what libraries map read-only: torch alone maps gigabytes.
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        least = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_DATA, (least, most))
    _one_thread()


def _one_thread() -> None:
    """Keep OpenCV from starting a thread a core in every process; its blur differs in the last bit with them."""
    # Read when it is imported, which not every worker does: 0.2 s of CPU each.
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)


def _end_with_parent() -> None:
    """Wait for the parent to end, then kill this process and its group; a killed parent could not tell it to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)
