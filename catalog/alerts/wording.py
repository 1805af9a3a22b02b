"""Words a payload: a subject and a plain text. The same payload in the same room gives the same words.

A wave is one line, however many models it touched. Models are called newly listed, or no longer listed: the list does
not tell when they were released or withdrawn.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from catalog import dates
from catalog.alerts import layout, quoting, waves
from catalog.alerts.layout import Draft, Section
from catalog.alerts.payload import ChangesPayload, Entry, Payload, RetirementPayload, WaveEntry
from catalog.alerts.waves import WaveCounter
from catalog.domain import Kind
from catalog.events import Room
from catalog.text import counted

ROOMY = Room(subject=150, fits=lambda _subject, _text: True)
_REASON, _NAME, _PATH, _VALUE = 1_000, 100, 200, 120  # characters
_FEW = 3  # fields of a wave that are named

_HEADINGS = {Kind.ADDED: "Newly listed", Kind.RETURNED: "Listed again", Kind.REMOVED: "No longer listed"}
_COUNTED = {Kind.ADDED: "new", Kind.RETURNED: "returned", Kind.REMOVED: "removed", Kind.CHANGED: "changed"}
_SUBJECTS = {
    "catalog.held": "a run is held",
    "catalog.sync_failed": "sync fails",
    "catalog.sync_recovered": "sync works again",
    "catalog.baseline": "a new baseline",
}

_Interval = tuple[str | None, str]


def render(payload: Payload, room: Room = ROOMY) -> tuple[str, str]:
    """Give subject and text, as much as fits: the text is bounded, and no chat program can act on either."""
    return layout.lay_out(_draft(payload), room)


def _draft(payload: Payload) -> Draft:
    if payload["type"] == "catalog.changes":
        return _changes(payload)
    if payload["type"] == "catalog.retiring" or payload["type"] == "catalog.overdue":
        subject, sentences = _retirement(payload)
    else:
        reason = quoting.free(payload["reason"], _REASON)
        sentences = [reason if reason.endswith((".", "…")) else f"{reason}."]
        subject = _SUBJECTS.get(payload["type"], payload["type"])
    who, terse = _who(payload)
    return Draft(
        subject=f"{_source(payload)}: {subject}", brief=subject, sentences=sentences, end=[who], terse_end=[terse]
    )


def _source(payload: Payload) -> str:
    return quoting.exact(payload["source"])


def _who(payload: Payload) -> tuple[str, str]:
    """Say which source and run it was: in full, and tersely."""
    told = _source(payload) + ("" if payload["run_id"] is None else f", run {payload['run_id']}")
    return f"Source: {told}", told


def _retirement(payload: RetirementPayload) -> tuple[str, list[str]]:
    model_id, at, days = quoting.exact(payload["model_id"]), _date(payload["retires_at"]), payload["days"]
    left = f"in {counted(days, 'day')}"
    if payload["type"] == "catalog.overdue":
        subject = f"{model_id} is overdue for retirement"
        told = f"its retirement was planned for {at}, yet it is still listed and not retired."
    elif days <= 0:
        subject, told = f"{model_id}: its retirement date has passed", f"its retirement was planned for {at}."
    else:
        subject, told = f"{model_id} retires {left}", f"its retirement is planned for {at}, {left}."
    return subject, [f"{_model(payload)}: {told}", f"{model_id}: {told}"]


def _changes(payload: ChangesPayload) -> Draft:
    entries = payload["changes"]
    total = payload.get("total", len(entries))
    found = _waves(payload)
    keys = {waves.key(wave) for wave in found}
    inside = [entry for entry in entries if waves.key(entry) in keys]
    outside = [entry for entry in entries if waves.key(entry) not in keys]
    usual = Counter(map(_interval, entries)).most_common(1)[0][0]
    wide = _wave_section(found, inside, payload["models_listed"], usual)
    others = any(_interval(entry) != usual for entry in entries)
    when = f"Happened {_when(usual)}{', unless said otherwise' if others else ''}"
    who, terse = _who(payload)
    counts = _counts(entries, total)
    return Draft(
        subject=f"{_source(payload)}: {counts}",
        brief=counts,
        sections=_sections(outside, wide, usual),
        left_out=max(0, total - len(outside) - sum(wave["models"] for wave in found)),
        end=[when, who],
        terse_end=[_terse(usual), terse],
    )


def _waves(payload: ChangesPayload) -> list[WaveEntry]:
    """Take the waves of the payload, if it does not carry all changes; else count them."""
    if "waves" in payload:
        return payload["waves"]
    tally = WaveCounter()
    for entry in payload["changes"]:
        tally.add(entry)
    return tally.waves(payload["models_listed"])


def _counts(entries: Sequence[Entry], total: int) -> str:
    """Count models, or only changes where the payload does not carry all of them."""
    if total > len(entries):
        return counted(total, "change")
    touched = {kind: {entry["model_id"] for entry in entries if entry["kind"] == kind} for kind in Kind}
    touched[Kind.CHANGED] -= touched[Kind.RETURNED]
    return ", ".join(f"{len(touched[kind]):,} {word}" for kind, word in _COUNTED.items() if touched[kind])


def _sections(entries: Sequence[Entry], wide: Section, usual: _Interval) -> list[Section]:
    told = {
        heading: [_entire(each, usual) for each in entries if each["kind"] == kind]
        for kind, heading in _HEADINGS.items()
    }
    changed = [
        f"{_model(each)}: {_transition(each['field'] or '', each['old_value'], each['new_value'])}"
        f"{_otherwise(_interval(each), usual)}"
        for each in entries
        if each["kind"] == Kind.CHANGED
    ]
    parts = [Section(heading=heading, lines=lines, weights=[1] * len(lines)) for heading, lines in told.items()]
    parts += [wide, Section(heading="Changed", lines=changed, weights=[1] * len(changed))]
    return [section for section in parts if section.lines]


def _entire(entry: Entry, usual: _Interval) -> str:
    created_at = entry["created_at"]
    date = "" if created_at is None else f", release date {_date(created_at)}"
    return f"{_model(entry)}{date}{_otherwise(_interval(entry), usual)}"


def _wave_section(found: Sequence[WaveEntry], inside: Sequence[Entry], models_listed: int, usual: _Interval) -> Section:
    """Word each wave; all fields that appeared share one line."""
    appeared = [wave for wave in found if wave["old_value"] is None]
    grouped = appeared if len(appeared) > 1 else []
    told = [(_group(grouped, models_listed), grouped)] if grouped else []
    told += [(_one_wave(wave, models_listed), [wave]) for wave in found if wave not in grouped]
    lines = [line + _otherwise(_span(parts, inside, usual), usual) for line, parts in told]
    weights = [sum(wave["models"] for wave in parts) for _, parts in told]
    return Section(heading="On most models", lines=lines, weights=weights)


def _one_wave(wave: WaveEntry, models_listed: int) -> str:
    on = f"on {wave['models']:,} of {counted(models_listed, 'model')}"
    if wave["old_value"] is None and wave["new_value"] is None:
        return f"{_path(wave['field'])}: appeared {on}"
    return f"{_transition(wave['field'], wave['old_value'], wave['new_value'])} {on}"


def _group(appeared: Sequence[WaveEntry], models_listed: int) -> str:
    least, most = min(wave["models"] for wave in appeared), max(wave["models"] for wave in appeared)
    models = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    few = ", ".join(_path(wave["field"]) for wave in appeared[:_FEW])
    rest = f" and {len(appeared) - _FEW:,} more" if len(appeared) > _FEW else ""
    return f"{len(appeared):,} fields appeared on {models} of {counted(models_listed, 'model')}: {few}{rest}"


def _span(parts: Sequence[WaveEntry], inside: Sequence[Entry], usual: _Interval) -> _Interval:
    """Give the time in which all carried changes of these waves happened."""
    keys = {waves.key(wave) for wave in parts}
    times = {_interval(entry) for entry in inside if waves.key(entry) in keys}
    if not times:
        return usual
    starts = [start for start, _ in times if start is not None]
    start = min(starts, key=_sortable) if len(starts) == len(times) else None
    return start, max((end for _, end in times), key=_sortable)


def _interval(entry: Entry) -> _Interval:
    return entry["not_before"], entry["observed_at"]


def _otherwise(interval: _Interval, usual: _Interval) -> str:
    return "" if interval == usual else f" ({_when(interval)})"


def _when(interval: _Interval) -> str:
    start, end = interval
    return f"by {end}" if start is None else f"after {start}, by {end}"


def _terse(interval: _Interval) -> str:
    """Say the same in few characters: in whole seconds, and a shared date once."""
    end = _whole(interval[1], up=True)
    if interval[0] is None:
        return f"by {end}".replace("T", " ")
    start = _whole(interval[0], up=False)
    same = start.partition("T")[0] == end.partition("T")[0]
    return f"{start} - {end.partition('T')[2] if same else end}".replace("T", " ")


def _whole(time: str, *, up: bool) -> str:
    moment = datetime.fromisoformat(time)
    rest = timedelta(microseconds=moment.microsecond)
    return dates.short(moment - rest + (timedelta(seconds=1) if up and rest else timedelta(0)))


def _sortable(time: str) -> str:
    """Sort a time before the same time with a fraction."""
    return time.removesuffix("Z")


def _model(entry: Entry | RetirementPayload) -> str:
    shown, called = quoting.exact(entry["model_id"]), entry["display_name"]
    return shown if called in {None, "", entry["model_id"]} else f"{shown} ({quoting.free(called, _NAME)})"


def _transition(field: str, old: str | None, new: str | None) -> str:
    return f"{_path(field)}: {_value(old)} -> {_value(new)}"


def _path(field: str) -> str:
    return quoting.cut(quoting.path(field[: _PATH + 1]), _PATH)


def _value(value: str | None) -> str:
    return "absent" if value is None else quoting.free(value, _VALUE)


def _date(time: str) -> str:
    return time.removesuffix("T00:00:00Z")
