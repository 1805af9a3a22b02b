"""What is said at the beginning of each transaction on Postgres: nothing of ours stays on a session.

Behind a pooler in transaction mode the next transaction may come to another session of the server, and this one may be
given to somebody else. What would be said at the start of a session, a pooler may refuse or drop.
"""

import re
from collections.abc import Mapping
from typing import Literal

Kind = Literal["write", "rehearsal", "brief", "read", "own"]
NEXT = "begin"  # in the notes of a connection: what kind of transaction begins next

# Spelled in SQL. Said to win over defaults of the server, the database and the role, and over variables of libpq.
_OURS = {
    "timezone": "'UTC'",
    "datestyle": "'ISO'",
    # A server may be set to confirm commits that a crash takes back. Alerts of these would come again as news.
    "synchronous_commit": "coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on')",
}
_OF_URLS = {"search_path", "role"}
_OPTION = re.compile(r"\s*(?:-c\s*|--)([A-Za-z_][\w.]*)=((?:\\.|[^\\\s])*)", re.DOTALL)


def divide(options: str) -> tuple[dict[str, str], str]:
    """Part the `options` of a URL into settings for each transaction, and what only a session can begin with."""
    settings, rest, place = {}, [], 0
    while found := _OPTION.match(options, place):
        name, value = found[1].lower(), re.sub(r"\\(.)", r"\1", found[2], flags=re.DOTALL)
        if name in _OF_URLS:
            settings[name] = _literal(value)
        else:
            rest.append(found[0].strip())
        place = found.end()
    return settings, " ".join([*rest, options[place:].strip()]).strip()


def beginning(kind: Kind | None, settings: Mapping[str, str]) -> str:
    """Give the statements that begin a transaction; None: of no kind, one that SQLAlchemy began by itself."""
    # Another default of isolation would show a writer that waited for its turn what was there before it waited.
    level = "REPEATABLE READ READ ONLY" if kind == "read" else "READ COMMITTED"
    # Not SET LOCAL: a search path in its quotes would be the name of one schema.
    each = (f"set_config('{name}', {value}, true)" for name, value in {**settings, **_OURS}.items())
    return f"BEGIN ISOLATION LEVEL {level}; SELECT {', '.join(each)}"


def _literal(text: str) -> str:
    """Spell a text so that every server reads it alike, whatever it makes of backslashes."""
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{doubled}'"
