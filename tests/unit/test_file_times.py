"""When an answer was recorded, by the name of its file."""

from datetime import UTC, datetime

import pytest

from catalog.service import file_times
from catalog.service.file_times import Span

pytestmark = pytest.mark.promise("P5")

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = ("2025-03-01T00:00:00+00:00", "2025-03-01T23:59:59+00:00")
HALF_PAST = "2025-03-01T12:30:00+00:00"


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        *(
            (name, HALF_PAST)
            for name in (
                *(
                    "2025-03-01T12:30:00Z",
                    "2025-03-01T12-30-00Z",
                    "2025-03-01T12_30_00",
                    "2025-03-01T12:30",
                    "2025-03-01T1230",
                ),
                *(
                    "20250301T123000Z",
                    "20250301-123000",
                    "20250301_123000",
                    "20250301123000",
                    "20250301_1230",
                    "202503011230",
                ),
                *(
                    "2025-03-01 12:30:00",
                    "2025-03-01 12.30",
                    "2025_03_01_12_30_00",
                    "2025.03.01-12h30",
                    "2025-03-01--12-30",
                ),
                *("models-2025-03-01T12-30-00Z", "models_20250301_123000_v2", "openai.2025-03-01T12:30:00.000Z"),
                *(
                    "2025-03-01T14:30:00+02:00",
                    "2025-03-01T14:30+0200",
                    "20250301T073000-0500",
                    "2025-03-01T12-30-00+0000",
                ),
                *("1740832200", "1740832200000", "1740832200000000", "models.1740832200"),
                *("2025/03/01/12-30", "2025/03/01/123000", "2025-03-01/12-30", "lists/2025/03/01T12:30"),
            )
        ),
        ("2025-03-01T12", "2025-03-01T12:00:00+00:00"),
        ("2025030112", "2025-03-01T12:00:00+00:00"),
        ("2025-03-01T12-30-05.25Z", "2025-03-01T12:30:05.250000+00:00"),
        ("20250301T123005.123456789", "2025-03-01T12:30:05.123456+00:00"),
        ("1740832200123", "2025-03-01T12:30:00.123000+00:00"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00+00:00"),
        ("2025-03-01T00:00:00+05:00", "2025-02-28T19:00:00+00:00"),
    ],
)
def test_a_moment_is_read_from_a_name(name: str, begin: str) -> None:
    moment = datetime.fromisoformat(begin)
    assert file_times.of(name) == Span(moment, moment)


@pytest.mark.parametrize(
    "name",
    [
        "2025-03-01",
        "20250301",
        "2025_03_01",
        "2025.03.01",
        "models-2025-03-01",
        "2025/03/01",
        "2025-03-01-2",
        "2025-03-01.v2",
        "a20250301b",
    ],
)
def test_of_a_day_no_more_is_claimed_than_that_it_was_then(name: str) -> None:
    assert file_times.of(name) == Span(*map(datetime.fromisoformat, DAY))


@pytest.mark.parametrize(
    "name",
    [
        "models",
        "",
        "2025-03",
        "03-01-2025",
        "2025-13-01",
        "2025-02-30",
        "20250230",
        "1999-03-01",
        "12345",
        "v1.2.3",
        "123456789012",
        "2025-3-1",
    ],
)
def test_a_name_without_a_time_has_none(name: str) -> None:
    assert file_times.of(name) is None


@pytest.mark.parametrize(
    "name", ["2025-03-01_to_2025-03-02", "claude-3-opus-20240229-2025-03-01", "1740832200-1740832201"]
)
def test_a_name_with_several_times_says_none(name: str) -> None:
    with pytest.raises(ValueError, match="several times"):
        file_times.of(name)


@pytest.mark.parametrize("name", ["2025-03-01_2025-03-01", "20250301-2025-03-01"])
def test_one_time_named_twice_is_one(name: str) -> None:
    assert file_times.of(name) == Span(*map(datetime.fromisoformat, DAY))


def test_the_first_name_that_has_a_time_counts() -> None:
    found = file_times.of("models", "2025-03-01/models", "2024-01-01")
    assert found == Span(*map(datetime.fromisoformat, DAY))


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("2025-03-01", *DAY),
        (" 2025-03-01 ", *DAY),
        ("2025-03-01T12:30:00Z", HALF_PAST, HALF_PAST),
        ("1d", "2026-11-27T12:00:00+00:00", "2026-11-27T12:00:00+00:00"),
    ],
)
def test_a_time_is_typed_as_everywhere(text: str, begin: str, end: str) -> None:
    assert file_times.typed(text, NOW) == Span(datetime.fromisoformat(begin), datetime.fromisoformat(end))


def test_what_is_no_time_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="is no time"):
        file_times.typed("soon", NOW)
