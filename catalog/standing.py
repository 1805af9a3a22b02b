"""How a source stands, as the database says: what failed last, what is doubted, and what waits for a person."""

from dataclasses import dataclass
from enum import StrEnum

from catalog.domain import Run, Source
from catalog.errors import Failure

# What the words of a doubt about a whole list begin or go on with, and the setting that cures it. Other doubts name
# theirs themselves.
_ONE_PAGE = "raise `page_size` of this source, so that its list fits one page"
_CURES = {
    "listed on more than one page": _ONE_PAGE,
    "promised more, and nothing followed": _ONE_PAGE,
    "two cursors that lead to different models": _ONE_PAGE,
    "different organizations or workspaces": "ask with the key of one workspace: `api_key_env`, `workspace_id`",
}


def cure(doubt: str) -> str:
    """Name the setting that cures what kept a walk from being a baseline; empty: the doubt names it, or none does."""
    return next((setting for words, setting in _CURES.items() if words in doubt), "")


class Wait(StrEnum):
    """What the absences of a held source wait for: an option of `catalog sync`."""

    REMOVALS = "--accept-removals"  # too much was gone at once
    SCOPE = "--accept-scope"  # the answers name an organization or workspace that was not accepted


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a source is held; there may be several."""

    wait: Wait
    since_run: int  # the run that found it first
    models: int  # whose absence waits
    listed: int  # models of the source that are not removed

    @property
    def words(self) -> str:
        """Say what waits, and for what."""
        match self.wait:
            case Wait.REMOVALS:
                return f"{self.models:,} of {self.listed:,} listed models are gone at once: they wait for {self.wait}"
            case Wait.SCOPE:
                return f"the answers name another organization or workspace than before: absences wait for {self.wait}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A source and its latest evidence. A run that was skipped or superseded, or that still goes on, says nothing."""

    row: Source
    last: Run | None  # the last run that was merged or died
    failure: Failure | None  # what made that one fail; None: it did not, or its record is older than this column
    failed: int  # runs that died since the last merged one
    unclean: int  # merged walks in a row, up to the last one, that could not be trusted fully
    missing: int  # models that whole walks lack and that are not believed to be gone, held ones included
    held: tuple[Cause, ...]
    awaits_baseline: bool = False  # no walk could be the baseline of the list yet, or of the scope it is asked for in

    @property
    def trouble(self) -> str:
        """Say why nobody should be told that all is well: the last run failed, or something is held; empty: neither."""
        parts = [self.last.error or "the last run ended half-way"] if self.failed and self.last else []
        return "; ".join([*parts, *(f"held: {cause.words}" for cause in self.held)])
