"""The table of exit codes: numbers from the program, words from here; a code without words is an error."""

from catalog.errors import GRAVEST_FIRST, Exit

WORDS = {
    Exit.DONE: "done, with or without changes",
    Exit.FAILED: "something unforeseen, an id never seen, a message that no channel took, or `status` found a problem",
    Exit.USAGE: "a mistake on the command line or in the configuration",
    Exit.LISTING: "the list could not be read whole; nothing of it was recorded but why",
    Exit.DATABASE: "there is no catalog, the database refused or is too new, or `db check` or `db verify` found faults",
    Exit.HELD: "a run was held: too much is gone at once, or another organization or workspace answered",
    Exit.BUSY: "another run of the source is active (`skipped`) or was quicker (`superseded`)",
    Exit.RETIRING: "`watch check` and `watch scan`: a model is gone, retired, overdue or retires soon",
    Exit.UNKNOWN: "`watch check` and `watch scan`: an id was never in any list; in code, it is misspelt",
    Exit.STALE: "`watch check` and `watch scan`: a verdict hangs on a catalog that is stale, empty or not there",
    Exit.INTERRUPTED: "interrupted (Ctrl-C); nothing is half-written",
    Exit.PIPE_CLOSED: "what read the output has left, as `head` does; nothing is said of it",
    Exit.TERMINATED: "terminated (SIGTERM, SIGHUP); nothing is half-written",
}


def table() -> str:
    """Write the table, in Markdown."""
    rows = [f"| {code.value} | {WORDS[code]} |" for code in Exit]
    gravest = ", ".join(str(code.value) for code in GRAVEST_FIRST[:-1])
    after = f"With several sources every one is tried, and the gravest code counts: {gravest}. Of the codes of"
    after += "\n`watch check` and `watch scan` it is 12, then 11, then 10."
    return "\n".join(["| code | meaning |", "|---|---|", *rows, "", after, ""])


def page() -> str:
    """Write the page."""
    return f"# Exit codes\n\n{table()}\n[Troubleshooting](../how-to/troubleshooting.md) says what to do about each.\n"
