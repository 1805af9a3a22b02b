"""Writes planned retirements as a calendar (RFC 5545): an all-day event for each model. Pure: rows and the time in.

An event is the same one wherever its date goes: its UID never changes, and its SEQUENCE counts the moves. Its time
stamps are those of the log, so a calendar without news is the same, byte for byte.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Alarm, Calendar, Event, vText

from catalog import dates
from catalog.domain import Change, Model
from catalog.text import counted, harmless
from catalog.web import names

_DAY = timedelta(days=1)
_END = b"END:VCALENDAR\r\n"
_REFRESH = timedelta(hours=12)
REMEMBERED = 400 * _DAY  # after its date
CANCELLED = 90 * _DAY  # after its date was withdrawn
_LAST_DAY = date.max
_DATE = "retires_at"
_TELLING = (None, _DATE, "lifecycle")  # None: the model came, went or returned


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A model that has or had a date, with its changes, oldest first: at least those of date, lifecycle, presence."""

    model: Model
    changes: Sequence[Change]

    @property
    def moves(self) -> Sequence[Change]:
        """What moved, withdrew or renewed its date; that a date became known first is no move."""
        told = [change for change in self.changes if change.field == _DATE]
        return told[1:] if told and told[0].old_value is None else told

    @property
    def withdrawn(self) -> Change | None:
        """What withdrew its date, if it has none now."""
        last = self.moves[-1] if self.moves else None
        return last if last is not None and last.new_value is None and self.model.retires_at is None else None

    @property
    def retires_at(self) -> datetime | None:
        """Its date, or the one that was withdrawn."""
        return _moment(self.withdrawn.old_value) if self.withdrawn else self.model.retires_at

    @property
    def announced(self) -> datetime:
        """When the date that it has was seen first."""
        told = [change.observed_at for change in self.changes if change.field == _DATE]
        return told[-1] if told else self.model.first_seen_at

    @property
    def stamp(self) -> datetime:
        """When the log last heard of its date, its lifecycle, or its presence."""
        told = (change.recorded_at for change in self.changes if change.field in _TELLING)
        return max(told, default=self.model.first_seen_at)


def write(
    planned: Iterable[Planned], *, title: str, base_url: str, now: datetime, alarms: Sequence[timedelta] = ()
) -> bytes:
    """Write a calendar of the dates ahead and of those not long past, by date. `base_url` ends with a slash."""
    calendar = Calendar()
    calendar.add("prodid", "-//model catalog//retirements//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", vText(harmless(title)))
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    shown = [
        (one.retires_at, one) for one in planned if not one.withdrawn or one.withdrawn.recorded_at > now - CANCELLED
    ]
    events = [(at, one) for at, one in shown if at is not None and at > now - REMEMBERED]
    events.sort(key=lambda event: (event[0], event[1].model.source, event[1].model.id))
    # Each event is written as it is made: all of them together would take more memory than all else.
    written = (bytes(_event(one, at, base_url, now, alarms).to_ical()) for at, one in events)
    return b"".join([calendar.to_ical().removesuffix(_END), *written, _END])


def _event(one: Planned, at: datetime, base_url: str, now: datetime, alarms: Sequence[timedelta]) -> Event:
    model, day = one.model, at.astimezone(UTC).date()
    event, summary = Event(), harmless(_summary(model, at, now))
    event.add("uid", names.uuid_of(f"retires:{model.source}:{len(model.id)}:{model.id}"))
    event.add("sequence", len(one.moves))
    event.add("dtstamp", one.stamp)
    event.add("last-modified", one.stamp)
    event.add("dtstart", day)
    if day < _LAST_DAY:
        event.add("dtend", day + _DAY)
    event.add("status", "CANCELLED" if one.withdrawn else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("summary", summary)
    event.add("description", "\n".join(map(harmless, _description(one))))
    event.add("url", base_url + names.model_path(model.source, model.id))
    event.add("categories", ["retirement", harmless(model.source)])
    for before in alarms:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -before)
        alarm.add("description", summary)
        event.add_component(alarm)
    return event


def _summary(model: Model, at: datetime, now: datetime) -> str:
    if model.retires_at is None:
        told = "does not retire on this day"
    elif model.lifecycle == "retired" or (at <= now and model.removed_at is not None):
        told = "retired"
    elif at <= now:
        told = "overdue, still listed" if model.missing_since is None else "overdue, missing"
    else:
        told = "retires" if model.removed_at is None else "gone before its retirement"
    return f"{model.id} {told} ({model.source})"


def _description(one: Planned) -> list[str]:
    model = one.model
    lines = [model.display_name or model.id]
    if one.withdrawn is None:
        lines.append(f"Known since {_day(one.announced)}.")
    if one.moves:
        days = [_told(change.old_value) for change in one.moves] + [_told(one.moves[-1].new_value)]
        times = "once" if len(one.moves) == 1 else counted(len(one.moves), "time")
        lines.append(f"This date moved {times}: {', '.join(days)}.")
    if model.removed_at is not None:
        lines.append(f"Not listed since {_day(model.removed_at)}.")
    return [*lines, "The date was withdrawn." if one.withdrawn else "Planned; may change."]


def _moment(value: str | None) -> datetime | None:
    """Read a date of the log; None also for what a list said in its place that is no date."""
    told = None if value is None else json.loads(value)
    try:
        return dates.parse(told) if isinstance(told, str) else None
    except ValueError:
        return None


def _told(value: str | None) -> str:
    moment = _moment(value)
    return "none" if moment is None else _day(moment)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
