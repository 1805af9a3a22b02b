"""The foreseen failures: each has words for a person, a hint that can be typed, and an exit code.

CatalogError                 1  something a person can act on
├── ConfigError              2  the command line, the file or the environment holds a mistake
├── QueryError               2  an SQL query of the user is wrong, or would write
├── ListingError             3  the models list could not be read whole
│   ├── KeyRefusedError      3  401 or 403: asking again will not help
│   ├── AnswerError          3  the answer is no page of a models list
│   │   └── CursorError      3  the API does not take the cursor of the next page
│   └── DeadlineError        3  the walk took too long
├── DatabaseError            4  the database refused
│   ├── NoCatalogError       4  there is no catalog yet
│   ├── SchemaError          4  the schema is not the one of this program
│   └── LostConnectionError  4  the connection was lost; nothing was written
├── UnknownModelError        1  no row of that id
└── StoppedError           143  the program was told to end, and a walk was stopped
"""

import copy
from collections.abc import Callable, Iterable
from enum import IntEnum, StrEnum
from typing import Self


class Exit(IntEnum):
    """What a command tells its caller; the numbers are a contract with users."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LISTING = 3
    DATABASE = 4
    HELD = 5
    BUSY = 6
    RETIRING = 10
    UNKNOWN = 11
    STALE = 12
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


# When several things were tried and not all went well, the first of these that came up counts.
GRAVEST_FIRST = (Exit.FAILED, Exit.USAGE, Exit.DATABASE, Exit.LISTING, Exit.HELD, Exit.BUSY, Exit.DONE)


def gravest(codes: Iterable[int]) -> Exit:
    """Give the gravest of several exit codes; without any: DONE."""
    return min(map(Exit, codes), key=GRAVEST_FIRST.index, default=Exit.DONE)


class Failure(StrEnum):
    """What made a run fail, as its record keeps it; words may change, these do not."""

    KEY = "key"  # 401 or 403
    CERTIFICATE = "certificate"
    CONFIGURATION = "configuration"
    LIST = "list"  # it could not be read whole, for any other reason
    DATABASE = "database"
    UNEXPECTED = "unexpected"  # a mistake of this program


class CatalogError(Exception):
    """A foreseen failure; `str()` of it is safe to log, to store and to show."""

    exit_code = Exit.FAILED
    failure = Failure.UNEXPECTED

    def __init__(self, message: str, *, hint: str = "", failure: Failure | None = None) -> None:
        """Keep the words, what to type against it, and its class where that differs from the class of its type."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.failure = failure or type(self).failure

    def of(self, name: str) -> Self:
        """Give the same failure with the name of a source or channel in front."""
        return self.reworded(f"{name}: {self.message}")

    def reworded(self, message: str) -> Self:
        """Give the same failure with other words."""
        told = copy.copy(self)
        told.message = message
        told.args = (message,)
        return told.with_traceback(self.__traceback__)


class ConfigError(CatalogError):
    """The command line, the configuration file or the environment holds a mistake."""

    exit_code = Exit.USAGE
    failure = Failure.CONFIGURATION


class QueryError(CatalogError):
    """An SQL query of the user makes no sense, or would do something else than read."""

    exit_code = Exit.USAGE


class ListingError(CatalogError):
    """The models list could not be read whole; nothing of it is recorded."""

    exit_code = Exit.LISTING
    failure = Failure.LIST

    def __init__(self, message: str, *, hint: str = "", failure: Failure | None = None, said: str = "") -> None:
        """Keep also the words of the API itself: for a terminal, never for a row, a log or another machine."""
        super().__init__(message, hint=hint, failure=failure)
        self.said = said


class KeyRefusedError(ListingError):
    """The API refused the key (401 or 403); asking again will not help."""

    failure = Failure.KEY


class AnswerError(ListingError):
    """An answer came, but it is no page of a models list."""


class CursorError(AnswerError):
    """The API does not take the cursor: the list shifted since the page before."""


class DeadlineError(ListingError):
    """The whole walk took longer than its deadline."""


class DatabaseError(CatalogError):
    """The database refused; nothing was written."""

    exit_code = Exit.DATABASE
    failure = Failure.DATABASE


class NoCatalogError(DatabaseError):
    """There is no catalog where one is to be read."""


class SchemaError(DatabaseError):
    """The schema is older or newer than this program, from before the first release, or of another product."""


class LostConnectionError(DatabaseError):
    """The connection was lost; the open transaction was rolled back."""


class UnknownModelError(CatalogError):
    """No model of that id was ever seen."""


class StoppedError(CatalogError):
    """The program was told to end: a walk stopped between two pages, and nothing of it is recorded."""

    exit_code = Exit.TERMINATED


CheckCancelled = Callable[[], object]  # called often while something takes long; raises to end it


def never_cancelled() -> None:
    """Let the work go on to its end."""
