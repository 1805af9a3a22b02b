"""What speaks against a walk: doubts make it unclean, warnings are told beside it. Knows no network."""

from dataclasses import dataclass, field

from catalog.domain import Identity, Outcome, Verdict
from catalog.upstream import wire

WARNINGS_KEPT = 20


@dataclass(slots=True)
class Evidence:
    """Grows page by page; `outcome` judges it."""

    identity: Identity = field(default_factory=Identity)
    _doubts: dict[str, None] = field(default_factory=dict)  # in the order they came, each once
    _warnings: dict[str, None] = field(default_factory=dict)
    _untold: int = 0
    _repeated: int = 0

    def note(self, number: int, page: wire.Page) -> None:
        """Take in what was wrong with page `number`."""
        for words in page.doubts:
            self._keep(self._doubts, f"page {number}: {words}")
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
            verdict=Verdict.UNCLEAN if self._doubts else Verdict.WHOLE,
            pages=pages,
            identity=self.identity,
            warnings=(*self._doubts, *self._warnings, *more),
        )
