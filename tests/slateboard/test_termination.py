"""SIGTERM ends a command and all below it, in `with` blocks' good order or, where it does not listen, by force."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30
"""Far below the minutes that the processes would work, far above what a loaded machine needs to end them."""

LISTENS = "time.sleep(600)"
DOES_NOT_LISTEN = "hashlib.pbkdf2_hmac('sha512', b'', b'', 10**9)"
COMMAND = """
NESTED = '''
import subprocess, time
subprocess.Popen(["sleep", "600"])
print("begun", flush=True)
time.sleep(600)
'''
import contextlib, hashlib, subprocess, sys, time
from slateboard.cli import main
import slateboard.steps.ls as step

@contextlib.contextmanager
def tidy():
    try:
        yield
    finally:
        print("tidied", flush=True)

def command() -> None:
    with tidy():
        subprocess.Popen([sys.executable, "-c", NESTED])
        WORK

step.command = command
sys.exit(main(["ls"]))
"""


def processes_of(session: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = entry.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(int(entry.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc tells which processes there are")
@pytest.mark.parametrize(("work", "tidied"), [(LISTENS, "tidied\n"), (DOES_NOT_LISTEN, "")])
def test_sigterm_leaves_no_process_alive(work: str, tidied: str) -> None:
    words = [sys.executable, "-c", COMMAND.replace("WORK", work)]
    with subprocess.Popen(words, cwd=ROOT, text=True, stdout=-1, stderr=-1, start_new_session=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        assert len(processes_of(process.pid)) == 3
        process.send_signal(signal.SIGTERM)
        # All that it started holds its output open, so that this is the end of all.
        rest, told = process.communicate(timeout=PATIENCE_SECONDS)
        assert (process.returncode, rest, processes_of(process.pid)) == (128 + signal.SIGTERM, tidied, [])
        assert ("run the same command again to go on" in told) == bool(tidied)


def test_a_person_who_interrupts_is_told_how_to_go_on() -> None:
    words = [sys.executable, "-c", COMMAND.replace("WORK", "print('here', flush=True); time.sleep(600)")]
    with subprocess.Popen(words, cwd=ROOT, text=True, stdout=-1, stderr=-1, start_new_session=True) as process:
        assert process.stdout is not None
        assert {process.stdout.readline(), process.stdout.readline()} == {"begun\n", "here\n"}
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, "run the same command again to go on" in told) == (130, True)
