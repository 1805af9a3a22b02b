"""The table of results: each measurement beside its target."""

from dataclasses import dataclass

from bench.process import Costs


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table; the target may be missing."""

    what: str
    measured: str
    ratio: str = ""
    work: str = ""  # the ratio of processor times, which a busy machine disturbs less
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        verdict = "" if self.met is None else "met" if self.met else "MISSED"
        return self.what, self.measured, self.ratio, self.work, self.target, verdict


HEAD = ("what", "measured", "ratio", "CPU", "target", "")


def against(what: str, measured: Costs, yardstick: Costs, limit: float | None) -> Row:
    """Compare what something took with a multiple of what the yardstick took."""
    ratio = measured.seconds / yardstick.seconds
    return Row(
        what=what,
        measured=f"{measured.seconds:.2f} s",
        ratio=f"{ratio:.2f} x",
        work=f"{measured.cpu / yardstick.cpu:.2f} x",
        target="" if limit is None else f"<= {limit} x",
        met=None if limit is None else ratio <= limit,
    )


def cpu_against(what: str, measured: Costs, yardstick: Costs, limit: float | None) -> Row:
    """Compare the processor time of something with a multiple of the yardstick's."""
    ratio = measured.cpu / yardstick.cpu
    return Row(
        what=what,
        measured=f"{measured.cpu * 1000:.0f} ms",
        work=f"{ratio:.2f} x",
        target="" if limit is None else f"<= {limit} x",
        met=None if limit is None else ratio <= limit,
    )


def at_most(what: str, measured: float, limit: float, *, unit: str, digits: int = 0) -> Row:
    """Compare a measurement with a fixed limit."""
    return Row(
        what=what,
        measured=f"{measured:.{digits}f} {unit}",
        target=f"<= {limit:g} {unit}",
        met=measured <= limit,
    )


def text(rows: list[Row]) -> str:
    """Lay rows out as a Markdown table that reads well as it stands."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
