"""Judges a walk: collects doubts about entries, doubts about completeness, and warnings. Pure."""

from dataclasses import dataclass, field

from catalog.domain import Identity, Outcome
from catalog.upstream.reading import wire

WARNINGS_KEPT = 20


@dataclass(slots=True)
class Doubts:
    """What speaks against a walk, page by page; `outcome` gives the verdict."""

    _one_page: str = ""  # the setting that makes one page of the list
    identity: Identity = field(default_factory=Identity)
    _doubts: dict[str, None] = field(default_factory=dict)  # about completeness, in the order they came, each once
    _flaws: dict[str, None] = field(default_factory=dict)  # doubts about entries
    _warnings: dict[str, None] = field(default_factory=dict)
    _not_kept: int = 0
    _repeated: int = 0
    _unusable: int = 0
    _disputed: bool = False

    def note(self, number: int, page: wire.ListPage) -> None:
        """Note what is wrong with page `number`."""
        self._unusable += page.unusable
        self._disputed |= page.disputed > 0
        for words in page.doubts:
            self._keep(self._flaws, f"page {number}: {words}")
        for words in page.warnings:
            self._keep(self._warnings, f"page {number}: {words}")

    def meet(self, identity: Identity) -> None:
        """Note who a page says is asking; an absent header says nothing."""
        organization = self.identity.organization or identity.organization
        workspace = self.identity.workspace or identity.workspace
        if (identity.organization or organization, identity.workspace or workspace) != (organization, workspace):
            cure = "ask with the key of one workspace: `api_key_env`, `workspace_id`"
            self.doubt("pages of one walk name different organizations or workspaces", cure)
        self.identity = Identity(organization=organization, workspace=workspace)

    def repeat(self, ids: int) -> None:
        """Note that so many ids of a page were on an earlier page."""
        self._repeated += ids

    def doubt(self, words: str, cure: str = "") -> None:
        """Note a reason why the walk may lack models that are listed."""
        self._doubts[f"{words} ({cure})" if cure else words] = None

    def warn(self, words: str) -> None:
        """Note what was repaired or dropped."""
        self._keep(self._warnings, words)

    def _keep(self, noted: dict[str, None], words: str) -> None:
        if len(noted) < WARNINGS_KEPT:
            noted[words] = None
        else:
            self._not_kept += 1

    def outcome(self, pages: int) -> Outcome:
        """The outcome of a walk that reached the end of the list."""
        if self._repeated:
            self.doubt(f"ids listed on more than one page, also after restarts: {self._repeated:,}", self._one_page)
        more = [f"and {self._not_kept:,} more warnings"] if self._not_kept else []
        return Outcome(
            pages=pages,
            identity=self.identity,
            complete=not self._doubts,
            unusable=self._unusable,
            disputed=self._disputed,
            warnings=(*self._doubts, *self._flaws, *self._warnings, *more),
        )
