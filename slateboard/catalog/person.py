"""The name of the current user, and the file name for a person's decisions."""

import getpass
import hashlib

_LONGEST = 60


def user_name() -> str:
    """Return the name of the user as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def file_stem(person: str) -> str:
    """Return a file name for a person, of letters, digits and `_ . -`; one that had to be altered bears a hash."""
    # Anna Müller -> Anna_Müller-<hash>: two people whose names differ in the replaced signs get two files.
    safe = "".join(letter if letter.isalnum() or letter in "_.-" else "_" for letter in person)[:_LONGEST]
    safe = f"_{safe[1:]}" if safe.startswith(".") else safe
    if safe == person and safe:
        return safe
    return f"{safe or '_'}-{hashlib.sha256(person.encode()).hexdigest()[:6]}"
