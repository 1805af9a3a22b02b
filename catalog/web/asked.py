"""What an address asks for: the parameters of each route, read into a frozen question, or refused with all faults.

An empty value counts as not given: forms send one for each field that was left empty. Anything else that cannot be
understood is a fault, told with its cure; nothing is ignored.
"""

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from catalog import dates, watch
from catalog.domain import Kind, ModelName, Place, Status
from catalog.events import AlertEvent, Rule, parse_events
from catalog.text import harmless
from catalog.web.names import Dated, stand

# Unless others are asked for: what channels tell of models.
EVENTS = ("added", "changed:lifecycle", "changed:retires_at", "lowered", "removed", "retiring", "returned")
_TOLD = ("added", "returned", "removed", "changed", "lowered", "retiring", "overdue")
_KINDS = tuple(kind.value for kind in Kind)
_SORTS = ("id", "created_at", "-created_at", "first_seen_at", "-first_seen_at", "retires_at", "-retires_at")
_LONGEST = 512  # characters of a value; an id has 256
_VALUES = 500  # of one parameter; SQLite allows a condition 1,000 terms
_SHOWN = 60  # characters of a wrong value that are told back
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # in no text of a catalog

Many = Literal["", "repeated", "joined"]
Default = TypeVar("Default")


class QuestionError(Exception):
    """An address asks for what cannot be; each of `faults` says why, and what to write instead."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class Moment(NamedTuple):
    """A moment as written: in a link, 7d goes on meaning a week ago."""

    text: str
    at: datetime


class Length(NamedTuple):
    """A length of time as it was written."""

    text: str
    time: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the meaning of a value depends on."""

    now: datetime
    sources: Collection[str]  # that are configured, or were synced at some time


Read = Callable[[str, Surroundings], Any]  # raises ValueError with the fault


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a route."""

    name: str
    words: str
    read: Read
    many: Many = ""  # several values: each as a parameter, or also with commas between


def _asked(read: Read, words: str, default: Default, *, name: str = "", many: Many = "") -> Default:
    """Declare a field of a question; a parameter is named as its field, unless it has a name of its own."""
    parameter = Parameter(name=name, words=words, read=read, many=many)
    made: Default = field(default=default, metadata={"parameter": parameter})
    return made


def _parameter(declared: "dataclasses.Field[Any]") -> Parameter:
    told: Parameter = declared.metadata["parameter"]
    return dataclasses.replace(told, name=told.name or declared.name)


def _text(text: str, _: Surroundings) -> str:
    return text


def _source(text: str, around: Surroundings) -> str:
    if text not in around.sources:
        raise ValueError(f"there is no source {_quoted(text)}; write {_one_of(sorted(around.sources))}")
    return text


def _model(text: str, around: Surroundings) -> ModelName:
    return watch.named(text, around.sources)


def _moment(edge: dates.Edge) -> Read:
    return lambda text, around: Moment(text.strip(), dates.moment(text, around.now, edge=edge).at)


def _length(text: str, _: Surroundings) -> Length:
    return Length(text.strip(), dates.duration(text))


def _place(text: str, _: Surroundings) -> Place:
    source, _colon, id = text.partition(":")
    if not source or not id:
        raise ValueError(f"{_quoted(text)} is no place in a list; write SOURCE:ID")
    return Place(source, id)


def _flag(text: str, around: Surroundings) -> bool:
    return bool(_choice("1", "0")(text, around) == "1")


def _number(least: int, most: int) -> Read:
    def read(text: str, _: Surroundings) -> int:
        if not re.fullmatch("[0-9]{1,16}", text) or not least <= int(text) <= most:
            raise ValueError(f"{_quoted(text)} does not fit; write a whole number from {least} to {most}")
        return int(text)

    return read


def _choice(*values: str) -> Read:
    def read(text: str, _: Surroundings) -> str:
        if text not in values:
            raise ValueError(f"{_quoted(text)} is not known; write {_one_of(values)}")
        return text

    return read


def _event(text: str, around: Surroundings) -> str:
    return text if re.fullmatch("changed:.+", text, re.DOTALL) else _choice(*_TOLD, "changed:FIELD")(text, around)


_LIMIT = _number(1, 1000)
_ROW = _number(1, 2**31 - 2)  # numbers of rows have 32 bits on Postgres, also the next one
_DAYS = _number(0, 3650)
_IDS = "Only ids that match: *, ?, [a-z], [!a]; case counts."


@dataclass(frozen=True, kw_only=True, slots=True)
class PageQuestion:
    """What one address asks for: its parameters are the fields. This one has none."""

    def faults(self) -> list[str]:
        """Tell which values contradict each other."""
        return []


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelsQuestion(PageQuestion):
    """The list, now or at a moment."""

    source: str | None = _asked(_source, "Only this source.", None)
    q: str | None = _asked(_text, "Only where id or name contains this, in capitals or not.", None)
    match: str | None = _asked(_text, _IDS, None)
    state: str = _asked(_choice("listed", "missing", "removed", "all"), "Which models.", "listed")
    lifecycle: tuple[str, ...] = _asked(_text, "Only models of these lifecycles.", (), many="joined")
    line: tuple[str, ...] = _asked(_text, "Only models of these lines.", (), many="joined")
    as_of: Moment | None = _asked(_moment("last"), "As it was at this moment.", None)
    sort: str | None = _asked(_choice(*_SORTS), "The order of a short list; -: the newest first.", None)
    after: Place | None = _asked(_place, "The page after this model, as SOURCE:ID.", None)
    before: Place | None = _asked(_place, "The page before this model, as SOURCE:ID.", None)
    limit: int = _asked(_LIMIT, "So many at most.", 100)

    def faults(self) -> list[str]:
        found = []
        if self.after and self.before:
            found.append("after and before contradict each other; leave one of them out")
        if self.as_of and self.state != "listed":
            found.append("state and as_of contradict each other: at a moment, models are listed; leave one of them out")
        if self.as_of and self.sort in {"first_seen_at", "-first_seen_at"}:
            found.append("sort: with as_of, write id, created_at or retires_at")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelQuestion(PageQuestion):
    """One model."""

    days: int = _asked(_DAYS, "A retirement within so many days is near.", 60)
    alarm: tuple[Length, ...] = _asked(_length, "In the calendar, remind so long before.", (), many="repeated")


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchQuestion(PageQuestion):
    """How the watched models fare, or the ids given."""

    id: tuple[ModelName, ...] = _asked(_model, "This model instead of the watched ones.", (), many="repeated")
    days: int = _asked(_DAYS, "A retirement within so many days is near.", 60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscribed(PageQuestion):
    """The words of an alert channel; what they leave out is not told."""

    events: tuple[str, ...] = _asked(_event, "What to tell.", EVENTS, many="joined")
    models: tuple[ModelName, ...] = _asked(_model, _IDS, (), many="joined")
    sources: tuple[str, ...] = _asked(_source, "Only these sources.", (), many="joined")
    lines: tuple[str, ...] = _asked(_text, "Only models of these lines.", (), many="joined")
    lifecycles: tuple[str, ...] = _asked(_text, "Only models of these lifecycles.", (), many="joined")
    watched: bool = _asked(_flag, "1: only the models of [watch], and those of id.", default=False)
    id: tuple[ModelName, ...] = _asked(_model, "Only this model.", (), many="repeated")

    def rule(self, watched: Iterable[ModelName] = ()) -> Rule:
        """Give the filter as channels have it; `watched` are the models of [watch]."""
        events, fields = parse_events(self.events)
        named = frozenset(self.id) | (frozenset(watched) if self.watched else frozenset())
        return Rule(
            channel="",
            events=events,
            changed_fields=fields,
            models=self.models,
            sources=self.sources,
            lines=self.lines,
            lifecycles=self.lifecycles,
            watched=named if self.watched or self.id else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RetirementsQuestion(Subscribed):
    """Which models retire, and which did."""

    days: int | None = _asked(_DAYS, "Only retirements within so many days from now.", None)
    alarm: tuple[Length, ...] = _asked(_length, "In the calendar, remind so long before.", (), many="repeated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Between(PageQuestion):
    """What lies between two moments."""

    start: Moment | None = _asked(_moment("last"), "Where it begins.", None, name="from")
    end: Moment | None = _asked(_moment("last"), "Where it ends.", None, name="to")

    def faults(self) -> list[str]:
        return _in_order("from", self.start, "to", self.end)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineQuestion(Between):
    """Since when, and until when models were listed, as a picture."""

    start: Moment | None = _asked(_moment("first"), "Where it begins.", None, name="from")
    source: str | None = _asked(_source, "Only this source.", None)
    q: str | None = _asked(_text, "Only where id or name contains this, in capitals or not.", None)
    match: str | None = _asked(_text, _IDS, None)
    id: tuple[ModelName, ...] = _asked(_model, "Only this model.", (), many="repeated")
    watched: bool = _asked(_flag, "1: only the models of [watch], and those of id.", default=False)
    limit: int = _asked(_number(1, 200), "So many models at most.", 60)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangesQuestion(Subscribed):
    """What was recorded, the newest first."""

    kind: str | None = _asked(_choice(*_KINDS), "Only this kind of change.", None)
    field: str | None = _asked(_text, "Only changes of fields that match.", None)
    since: Moment | None = _asked(_moment("first"), "Only what was recorded then or later.", None)
    until: Moment | None = _asked(_moment("last"), "Only what was recorded before.", None)
    before: int | Dated | None = _asked(stand, "What follows this change in the stream, or this date of it.", None)
    baseline: bool = _asked(_flag, "1: also what baselines found: it may have been so before.", default=False)
    limit: int = _asked(_LIMIT, "So many at most.", 100)

    def faults(self) -> list[str]:
        found = _in_order("since", self.since, "until", self.until)
        if self.field and self.kind not in {None, "changed"}:
            found.append("field and kind contradict each other; leave kind out")
        if (self.field or self.kind) and self.events != EVENTS:
            found.append("kind and field say what events says, too; leave events out, or write changed:FIELD there")
        return found

    def rule(self, watched: Iterable[ModelName] = ()) -> Rule:
        """Give the filter as channels have it; `kind` and `field` take the place of `events`."""
        rule = Subscribed.rule(self, watched)
        if self.field:
            return dataclasses.replace(rule, events=(), changed_fields=(self.field,))
        return dataclasses.replace(rule, events=(AlertEvent(self.kind),), changed_fields=()) if self.kind else rule


@dataclass(frozen=True, kw_only=True, slots=True)
class DiffQuestion(Between):
    """What differs between two moments."""

    source: str | None = _asked(_source, "Only this source.", None)
    match: str | None = _asked(_text, _IDS, None)
    after: Place | None = _asked(_place, "What follows this model, as SOURCE:ID.", None)
    limit: int = _asked(_LIMIT, "So many models at most.", 100)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsQuestion(PageQuestion):
    """The runs, the newest first."""

    source: str | None = _asked(_source, "Only this source.", None)
    status: str | None = _asked(_choice(*(status.value for status in Status)), "Only runs that ended so.", None)
    before: int | None = _asked(_ROW, "Only runs before the one of this number.", None)
    limit: int = _asked(_LIMIT, "So many at most.", 100)


ROUTES: Mapping[str, type[PageQuestion]] = {
    "index": PageQuestion,
    "models": ModelsQuestion,
    "model": ModelQuestion,
    "watch": WatchQuestion,
    "retirements": RetirementsQuestion,
    "timeline": TimelineQuestion,
    "changes": ChangesQuestion,
    "diff": DiffQuestion,
    "runs": RunsQuestion,
    "status": PageQuestion,
}
PARAMETERS: Mapping[str, tuple[Parameter, ...]] = {
    route: tuple(_parameter(each) for each in dataclasses.fields(question)) for route, question in ROUTES.items()
}


def read(route: str, pairs: Iterable[tuple[str, str]], around: Surroundings) -> Any:
    """Give the question of a route. Raises QuestionError with all faults of its parameters."""
    given: dict[str, list[str]] = {}
    for name, text in pairs:
        given.setdefault(name, []).extend([text] if text.strip() else [])
    known = [parameter.name for parameter in PARAMETERS[route]]
    faults = [_not_known(name, known) for name in given if name not in known]
    values = dict[str, Any]()
    for each in dataclasses.fields(ROUTES[route]):
        parameter = _parameter(each)
        if given.get(parameter.name):
            try:
                values[each.name] = _value(parameter, given[parameter.name], around)
            except ValueError as fault:
                faults.append(f"{parameter.name}: {fault}")
    made = ROUTES[route](**values)
    if faults := [*faults, *made.faults()]:
        raise QuestionError(faults)
    return made


def write(question: PageQuestion, **changed: Any) -> str:
    """Spell a question as the query of an address, with some of its fields changed: only what is no default, in order.

    Equal questions have equal queries. It begins with ?, or is empty.
    """
    told = dataclasses.replace(question, **changed)
    pairs = []
    for each in dataclasses.fields(told):
        value, parameter = getattr(told, each.name), _parameter(each)
        if value != each.default:
            texts = [_spelled(one) for one in (value if parameter.many else (value,))]
            pairs += [(parameter.name, text) for text in ([",".join(texts)] if parameter.many == "joined" else texts)]
    return f"?{urlencode(pairs, quote_via=quote, safe=':,*')}" if pairs else ""


def _value(parameter: Parameter, texts: Sequence[str], around: Surroundings) -> Any:
    parts = [part for text in texts for part in (text.split(",") if parameter.many == "joined" else [text])]
    if any(len(part) > _LONGEST or _UNSTORABLE.search(part) for part in parts):
        raise ValueError(f"no text of a catalog is so; write at most {_LONGEST} characters, none of them a zero byte")
    if len(parts) > (_VALUES if parameter.many else 1):
        many = f"{len(parts)} values are too many; write at most {_VALUES}"
        raise ValueError(many if parameter.many else "it stands here more than once; write it once")
    if not parameter.many:
        return parameter.read(parts[0], around)
    return tuple(sorted({parameter.read(part.strip(), around) for part in parts if part.strip()}, key=_spelled))


def _spelled(value: Any) -> str:
    if isinstance(value, Moment | Length | Dated):
        return value.text
    return ":".join(value) if isinstance(value, tuple) else str(int(value) if isinstance(value, bool) else value)


def _not_known(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    cure = f"did you mean {close[0]}?" if close else f"write {_one_of(known)}" if known else "this page has none"
    return f"there is no parameter {_quoted(name)}; {cure}"


def _in_order(earlier: str, start: Moment | None, later: str, end: Moment | None) -> list[str]:
    return [f"{earlier} must be earlier than {later}; exchange them"] if start and end and start.at >= end.at else []


def _one_of(values: Sequence[str]) -> str:
    return f"{', '.join(values[:-1])} or {values[-1]}" if len(values) > 1 else "".join(values) or "nothing"


def _quoted(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return f'"{harmless(shown)}"'
