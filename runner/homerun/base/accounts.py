"""The account that this process works for, and the names of others."""

from __future__ import annotations

import pwd

from runstore.fs import facts


def own_name() -> str:
    """Its login name, or its number where the system knows no name, as for a container's user."""
    return facts.user_name()


def login_of(uid: int) -> str:
    """The login name of a user, or its number where the system knows none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
