"""What each resource asks the catalog for, as rows for programs and as values for its template."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple

from catalog import dates, health, watch
from catalog.domain import Change, Model, ModelName, Run, State, Status
from catalog.errors import ConfigError, UnknownModelError
from catalog.events import Rule
from catalog.health import Level
from catalog.store.queries import history, log, watched
from catalog.store.queries import pages as lists
from catalog.store.queries.history import Story, Which
from catalog.store.queries.pages import Cut, RowPage, Sort, Wanted
from catalog.tabular import record
from catalog.watch import WatchFinding
from catalog.web import asked, names, pages, stream, timeline
from catalog.web.asked import ModelsQuestion, Moment, QuestionError
from catalog.web.server.visit import Listing, Visit, first_of, listed

_AHEAD = 60  # days in which a retirement is near
_FINDING_COLUMNS = tuple(field.name for field in fields(WatchFinding))
_NEWEST = "-created_at"
_RUN_COLUMNS = tuple(name for name in history.RUN_COLUMNS if name != "scope")  # which holds who asked
_FEW, _MOST, _STRIP = 10, 200, 100  # rows of a part of a page; of all dates; runs of a source
_RUNS = 20  # on the page of status
_REMEMBERED = timedelta(days=400)
_ALL = Rule(channel="", events=())


def index(visit: Visit) -> Mapping[str, Any]:
    """Show what is new, what is near its end, and how the watched models fare."""
    ids, unreadable = _watched_names(visit)
    rule = visit.published.rule if visit.published else _ALL
    retiring = lists.retiring(visit.connection, rule, since=visit.now, limit=_FEW)
    fares = watched_rows(visit, ids, _AHEAD)
    mine = fares[:_FEW]
    question = asked.ChangesQuestion(models=rule.models, sources=rule.sources, limit=_FEW)
    latest = stream.collect(visit, question).entries
    return {
        "watched": mine,
        "watching": len(fares),
        "unreadable": unreadable,
        "retiring": [(each, pages.days_left(each.retires_at, visit.now)) for each in retiring],
        "latest": latest,
        "picture": timeline.today(visit, [each.model for each in mine if each.model], retiring, latest),
    }


def models(visit: Visit) -> Mapping[str, Any]:
    """Show the list, now or at a moment."""
    found, question = _listed(visit), visit.question
    sort = "" if visit.published else _sort(visit)
    return {
        "models": found.rows,
        "heads": _heads(visit, sort),
        "back": found.before and asked.write(question, before=found.before, after=None),
        "on": found.after and asked.write(question, after=found.after, before=None),
        "slices": _slices(found.rows) if visit.address == "models" else (),
    }


def _slices(models: Sequence[Model | State]) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
    """Link the lists of each source and of each line, which a published folder has instead of filters."""
    sources, lines = {each.source for each in models}, {each.line for each in models if each.line}
    return [
        (title, [(name, f"{folder}/{names.name_of(name)}/models.html") for name in sorted(found)])
        for title, folder, found in (("By source", "source", sources), ("By line", "line", lines))
    ]


def model_rows(visit: Visit) -> Listing:
    """Give what `catalog models` prints."""
    found = _listed(visit)
    columns = history.STATE_COLUMNS if visit.question.as_of else history.MODEL_COLUMNS
    on = found.after and {"after": found.after, "before": None}
    back = found.before and {"before": found.before, "after": None}
    return listed(visit, columns, found.rows, next=on, prev=back)


def _listed(visit: Visit) -> RowPage[Model] | RowPage[State]:
    if visit.published:
        return RowPage(rows=tuple(_published(visit.published.models, visit.question)), before=None, after=None)
    question, sort = visit.question, _sort(visit)
    wanted = Wanted(
        source=question.source,
        match=question.match,
        contains=question.q,
        which=Which(question.state),
        lifecycles=question.lifecycle,
        lines=question.line,
    )
    order = None if sort in {"", "id"} else Sort(column=sort.lstrip("-"), newest_first=sort.startswith("-"))  # type: ignore[arg-type]
    cut = Cut(after=question.after, before=question.before, limit=question.limit, sort=order)
    if question.as_of:
        return lists.states(visit.connection, question.as_of.at, wanted, cut)
    return lists.models(visit.connection, wanted, cut)


def _published(models: Sequence[Model], question: ModelsQuestion) -> list[Model]:
    """Give all that may be shown of a list, the newest first."""
    found = [
        each
        for each in models
        if question.state in _states(each)
        and question.source in {None, each.source}
        and (not question.line or each.line in question.line)
    ]
    return sorted(found, key=lambda each: -each.created_at.timestamp() if each.created_at else float("inf"))


def _states(model: Model) -> set[str]:
    """Name the lists that a model is in."""
    here = Which.LISTED if model.removed_at is None else Which.REMOVED
    return {Which.ALL.value, here.value, *([Which.MISSING.value] if model.missing_since else [])}


def _sort(visit: Visit) -> str:
    """Give the order of the list; empty: it is too long for any but that of its ids. Raises QuestionError."""
    wanted: str | None = visit.question.sort
    if lists.is_sortable(visit.connection, visit.question.source):
        return wanted or _NEWEST
    if wanted and wanted != "id":
        raise QuestionError([f"sort: a list of more than {lists.SORTABLE:,} models comes by id alone; leave sort out"])
    return ""


def _heads(visit: Visit, sort: str) -> Mapping[str, tuple[str, str]]:
    """Give for each column the query that sorts by it, and how it is sorted now; nothing for a long list."""
    found = {}
    for column in ("id", "created_at", "first_seen_at", "retires_at") if sort else ():
        if column == "first_seen_at" and visit.question.as_of:
            continue
        first, turned = (column, f"-{column}") if column == "retires_at" else (f"-{column}", column)
        wanted = "id" if column == "id" else turned if sort == first else first
        state = {column: "ascending", f"-{column}": "descending"}.get(sort, "")
        found[column] = (asked.write(visit.question, sort=wanted, after=None, before=None), state)
    return found


def model(visit: Visit) -> Mapping[str, Any]:
    """Show one model: how it fares, its story, its states and its fields."""
    found = story(visit)
    return {
        "title": found.model.display_name or found.model.id,
        "model": found.model,
        "picture": timeline.of_one(visit, found),
        "verdict": pages.verdict(
            found.model, found.changes, visit.now, visit.question.days, is_dated=visit.published is None
        ),
        "events": pages.story(found.changes),
        "states": [(state, _diff_query(before, state)) for state, before in pages.with_previous(found.states)],
        "fields": pages.field_values(found.model, history.fields(found.model)),
    }


def _diff_query(before: State | None, state: State) -> str:
    """Give the query that compares a state with the one before it."""
    if before is None:
        return ""
    start, end = (Moment(dates.to_text(each.valid_from), each.valid_from) for each in (before, state))
    return asked.write(asked.DiffQuestion(start=start, end=end, source=state.source, match=pages.exactly(state.id)))


def story_rows(visit: Visit) -> Listing:
    """Give what `catalog show --json` prints."""
    found = story(visit)
    states = [record(each, history.STATE_COLUMNS) for each in found.states]
    changes = [record(each, history.CHANGE_COLUMNS) for each in found.changes]
    row = {**record(found.model, history.MODEL_COLUMNS), "history": states, "changes": changes}
    if visit.published and found.model.removed_at is None:
        del row["last_seen_at"]  # else each look would write each model anew; the list has it
    return Listing(columns=(), rows=[row])


def story(visit: Visit) -> Story:
    """Give the story of the model that an address names. Raises UnknownModelError."""
    return visit.once("story", lambda: _story(visit))


def _story(visit: Visit) -> Story:
    source, sought = names.id_or_prefix(visit.path["source"]), names.id_or_prefix(visit.path["name"])
    if source and source.is_whole and sought:
        id = sought.text if sought.is_whole else _id_of(visit, source.text, sought.text)
        found = history.stories(visit.connection, id, source=source.text)
        if found:
            return found[0]
    guess = watched.close_ids(visit.connection, sought.text, [source.text if source else None]) if sought else []
    hint = f"did you mean {', '.join(guess)}?" if guess else "search for it among the models"
    raise UnknownModelError("no model of this address was ever seen", hint=hint)


def _id_of(visit: Visit, source: str, beginning: str) -> str:
    """Find the id that has a cut name, among those with its beginning; empty: there is none."""
    wanted = Wanted(source=source, match=f"{pages.exactly(beginning)}*", which=Which.ALL)
    ids = (each.id for each in lists.every(visit.connection, wanted))
    return next((id for id in ids if names.name_of(id) == visit.path["name"]), "")


def watch_page(visit: Visit) -> Mapping[str, Any]:
    """Show how the watched models fare, or those that are asked for."""
    ids, unreadable = _watched_names(visit)
    return {"rows": watched_rows(visit, ids), "unreadable": unreadable, "own": not visit.question.id}


def watch_rows(visit: Visit) -> Listing:
    """Give what `catalog watch check --json` prints, and its exit code as a header."""
    ids, unreadable = _watched_names(visit)
    if unreadable:
        raise ConfigError(unreadable, hint="mend [watch], or name ids in the address: ?id=...")
    seen = visit.health
    age = [replace(each, health=None) for each in seen.sources if each.stale_after is not None]
    found = _verdicts(visit, ids)
    stale = {each.name for each in health.findings(age, now=visit.now)}
    code = watch.exit_code(found, is_stale=bool(watch.unproven(ids, found, stale)))
    return replace(listed(visit, _FINDING_COLUMNS, found), headers={"x-catalog-verdict": str(int(code))})


class Watched(NamedTuple):
    """A verdict, with the row of its model where there is one."""

    finding: WatchFinding
    model: Model | None
    left: int | None  # days


def watched_rows(visit: Visit, ids: Sequence[ModelName], days: int | None = None) -> list[Watched]:
    """Judge models for people: the worst first, then by what is next."""
    found = _verdicts(visit, ids, days)
    rows = {(each.source, each.id): each for each in history.named(visit.connection, map(watch.id_of, ids))}
    worst = list(watch.WatchState)
    told = [
        Watched(each, rows.get((each.source or "", each.id)), pages.days_left(each.retires_at, visit.now))
        for each in found
    ]
    return sorted(told, key=lambda each: (worst.index(each.finding.state), each.left is None, each.left or 0))


def _verdicts(visit: Visit, ids: Sequence[ModelName], days: int | None = None) -> tuple[WatchFinding, ...]:
    configured = visit.site.sources
    alone = [each[0] for each in ids if not isinstance(each, str)]
    at = [name for name in configured if name in alone] if len(alone) == len(ids) else configured
    within = visit.question.days if days is None else days
    found = watched.check(visit.connection, ids, at, configured=configured, now=visit.now, days=within)
    return tuple(each for each in found if visit.shows(each.source or "", each.id))


def _watched_names(visit: Visit) -> tuple[Sequence[ModelName], str]:
    """Give what is watched, or asked for instead; with words where the watchlist cannot be read."""
    if getattr(visit.question, "id", ()):
        return visit.question.id, ""
    try:
        return visit.site.watched(), ""
    except ConfigError as error:
        return (), error.message


def changes(visit: Visit) -> Mapping[str, Any]:
    """Show the stream, a block for each run."""
    found = stream.collect(visit, visit.question)
    return {
        "blocks": found.blocks,
        "on": found.on and asked.write(visit.question, before=found.on),
        "newest": visit.question.before and asked.write(visit.question, before=None),
    }


def change_rows(visit: Visit) -> Listing:
    """Give what `catalog changes` prints, of what is news."""
    found, last = visit.once("changes", lambda: _changes(visit))
    return listed(visit, history.CHANGE_COLUMNS, found, next={"before": last.change_id} if last else None)


def _changes(visit: Visit) -> tuple[list[Change], Change | None]:
    return first_of(log.changes(visit.connection, stream.asked_of_log(visit, visit.question)), visit.question.limit)


def retirements(visit: Visit) -> Mapping[str, Any]:
    """Show the dates ahead, and those that have passed not long ago."""
    found = [(each, pages.days_left(each.retires_at, visit.now) or 0) for each in _retiring(visit)]
    ahead = [each for each in found if each[0].retires_at and each[0].retires_at > visit.now]
    past = [each for each in reversed(found) if each[0].retires_at and each[0].retires_at <= visit.now]
    return {
        "ahead": ahead[:_MOST],
        "past": past[:_MOST],
        "left_out": sum(max(len(each) - _MOST, 0) for each in (ahead, past)),
        "watching": _watched_names(visit)[0],
    }


def retirement_rows(visit: Visit) -> Listing:
    """Give the models of these dates, as `catalog models` prints them."""
    return listed(visit, history.MODEL_COLUMNS, _retiring(visit))


def _retiring(visit: Visit) -> list[Model]:
    question = visit.question
    rule = question.rule(visit.site.watched() if question.watched else ())
    until = None if question.days is None else visit.now + timedelta(days=question.days)
    return lists.retiring(visit.connection, rule, since=visit.now - _REMEMBERED, until=until)


def runs(visit: Visit) -> Mapping[str, Any]:
    """Show the runs, newest first."""
    found, last = _runs(visit)
    return {
        "runs": found,
        "on": last and asked.write(visit.question, before=last.run_id),
        "newest": visit.question.before and asked.write(visit.question, before=None),
        "statuses": list(Status),
    }


def run_rows(visit: Visit) -> Listing:
    """Give what `catalog runs` prints, without who asked."""
    found, last = _runs(visit)
    return listed(visit, _RUN_COLUMNS, found, next={"before": last.run_id} if last else None)


def _runs(visit: Visit) -> tuple[list[Run], Run | None]:
    source, status, before, limit = (getattr(visit.question, name) for name in ("source", "status", "before", "limit"))
    found = history.runs(visit.connection, source=source, status=status, before=before, limit=limit + 1)
    return first_of(found, limit)


def status(visit: Visit) -> Mapping[str, Any]:
    """Show what works and what does not."""
    seen, shown = visit.all_health(), visit.sources
    findings = [each for each in seen.findings if visit.published is None or each.source in shown]
    runs = (each for each in history.runs(visit.connection) if each.source in shown)
    return {
        "checks": [each for each in seen.sources if each.name in shown],
        "channels": seen.channels,
        "problems": [each for each in findings if each.level is Level.PROBLEM],
        "notes": [each for each in findings if each.level is Level.NOTE],
        "runs": list(islice(runs, _RUNS)),
        "strips_of_runs": [
            (each.name, [*reversed(list(history.runs(visit.connection, source=each.name, limit=_STRIP)))])
            for each in seen.sources
            if each.row and each.name in shown
        ],
    }


def status_rows(visit: Visit) -> Listing:
    """Give what `catalog status --json` prints."""
    return Listing(columns=(), rows=visit.all_health().objects())
