"""The seeded bugs fit the code as it is now."""

import pytest

from tests.mutants import __main__ as mutants
from tests.mutants.__main__ import Bug


@pytest.mark.parametrize("bug", mutants.bugs(), ids=lambda bug: bug.name)
def test_a_seeded_bug_can_be_put_into_the_code_and_still_compiles(bug: Bug) -> None:
    mutant = bug.written_into((mutants.ROOT / bug.file).read_text("utf-8"))
    compile(mutant, bug.file, "exec")


def test_there_are_no_two_bugs_alike() -> None:
    listed = mutants.bugs()
    assert len({bug.name for bug in listed}) == len(listed) == len({(bug.file, bug.was, bug.now) for bug in listed})
