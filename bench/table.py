"""The table of results: what was measured, beside what was aimed at."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of the table; without a target there is nothing to meet."""

    what: str
    measured: str
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    def cells(self) -> tuple[str, ...]:
        verdict = "" if self.met is None else "met" if self.met else "MISSED"
        return self.what, self.measured, self.ratio, self.target, verdict


HEAD = ("what", "measured", "ratio", "target", "")


def against(what: str, measured: float, yardstick: float, limit: float | None, *, unit: str = "s") -> Row:
    """Compare a measurement with a multiple of the yardstick."""
    ratio = measured / yardstick
    return Row(
        what=what,
        measured=f"{measured * 1000:.0f} ms" if unit == "ms" else f"{measured:.2f} {unit}",
        ratio=f"{ratio:.2f} x",
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
