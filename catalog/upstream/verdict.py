"""What speaks against a walk: doubts about entries, doubts about completeness, warnings. Knows no network."""

from dataclasses import dataclass, field

from catalog.domain import Identity, Outcome
from catalog.upstream import wire

WARNINGS_KEPT = 20


@dataclass(slots=True)
class Doubts:
    """Grows page by page; `outcome` judges it."""

    identity: Identity = field(default_factory=Identity)
    _doubts: dict[str, None] = field(default_factory=dict)  # about completeness, in the order they came, each once
    _flaws: dict[str, None] = field(default_factory=dict)  # doubts about entries
    _warnings: dict[str, None] = field(default_factory=dict)
    _untold: int = 0
    _repeated: int = 0
    _unusable: int = 0
    _disputed: bool = False

    def note(self, number: int, page: wire.ListPage) -> None:
        """Take in what was wrong with page `number`."""
        self._unusable += page.unusable
        self._disputed |= page.disputed > 0
        for words in page.doubts:
            self._keep(self._flaws, f"page {number}: {words}")
        for words in page.warnings:
            self._keep(self._warnings, f"page {number}: {words}")

    def meet(self, identity: Identity) -> None:
        """Take in who a page says is asking; a header that is absent says nothing."""
        organization = self.identity.organization or identity.organization
        workspace = self.identity.workspace or identity.workspace
        if (identity.organization or organization, identity.workspace or workspace) != (organization, workspace):
            self.doubt("pages of one walk name different organizations or workspaces")
        self.identity = Identity(organization=organization, workspace=workspace)

    def repeat(self, ids: int) -> None:
        """Take in that so many ids of a page were on an earlier one."""
        self._repeated += ids

    def doubt(self, words: str) -> None:
        """Take in a reason not to hold against anyone what the walk lacks."""
        self._doubts[words] = None

    def warn(self, words: str) -> None:
        """Take in what was put right."""
        self._keep(self._warnings, words)

    def _keep(self, told: dict[str, None], words: str) -> None:
        if len(told) < WARNINGS_KEPT:
            told[words] = None
        else:
            self._untold += 1

    def outcome(self, pages: int) -> Outcome:
        """The verdict on a walk that reached its end."""
        if self._repeated:
            self.doubt(f"ids listed on more than one page, also after restarts: {self._repeated:,}")
        more = [f"and {self._untold:,} more warnings"] if self._untold else []
        return Outcome(
            pages=pages,
            identity=self.identity,
            complete=not self._doubts,
            unusable=self._unusable,
            disputed=self._disputed,
            warnings=(*self._doubts, *self._flaws, *self._warnings, *more),
        )
