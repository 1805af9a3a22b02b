"""What pages, feeds and the mirror read from a long list, and whole answers: a million models, on Postgres 300,000."""

from bench import answers, databases, past
from bench.questions import Question, measure
from bench.table import Row
from catalog.domain import Place
from catalog.store.engine import database as product
from catalog.store.queries import history, log, pages
from catalog.store.queries.log import LogQuestion
from catalog.store.queries.pages import Cut, Wanted
from catalog.web.asked import ChangesQuestion
from tests import postgres

MOST = {"sqlite": 1_000_000, "postgres": 300_000}
EVERY = LogQuestion(rule=ChangesQuestion(events=("added", "changed", "removed", "returned")).rule())


def _after(id: str, limit: int = 100) -> Cut:
    return Cut(after=Place("bench", id), limit=limit)


QUESTIONS = (
    Question("page of models", lambda con, id, _: pages.models(con, Wanted(), _after(id)).rows),
    Question("page of 1,000 models", lambda con, id, _: pages.models(con, Wanted(), _after(id, 1000)).rows),
    Question(
        "page before a model", lambda con, id, _: pages.models(con, Wanted(), Cut(before=Place("bench", f"{id}~"))).rows
    ),
    Question("page as of a moment", lambda con, id, at: pages.states(con, at, Wanted(), _after(id)).rows),
    Question("page of ids that match", lambda con, id, _: pages.models(con, Wanted(match=f"*{id[-3:]}"), Cut()).rows),
    Question(
        "page that contains a text",
        lambda con, id, _: pages.models(con, Wanted(contains=id), Cut()).rows,
        bounded=False,
    ),
    Question(
        "timeline of 200",
        lambda con, id, _: [*pages.spans(con, pages.models(con, Wanted(), _after(id[:-4], 200)).rows)],
    ),
    Question("one model", lambda con, id, _: history.stories(con, id)),
    Question("newest runs with what they found", lambda con, *_: [next(log.by_run(con, EVERY))]),
)


def rows(server: postgres.Server | None, kinds: tuple[str, ...], models: int) -> list[Row]:
    """Build a long history in each database, then read it and ask for pages; and for those of shorter ones."""
    found = []
    for kind in kinds:
        many = min(models, MOST[kind])
        with databases.fresh(kind, server) as contender:
            past.build(contender, many)
            past.spread(contender, 1, dated=many // 100)
            database = product.open_(contender.url)
            found += [measure(database, kind, question, many) for question in QUESTIONS]
            database.close()
            found += answers.of_long_list(contender, many)
        found += answers.of_short_lists(kind, server)
    return found
