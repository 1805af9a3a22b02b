"""Pages that are written by hand but for some parts, which stand between marks and are made from the program."""

import re
from collections.abc import Callable, Mapping

_PART = re.compile(r"(<!-- made by ./dev docs: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Give the page with its marked parts written anew; raises KeyError for a mark that nobody knows."""
    return _PART.sub(lambda found: f"{found[1]}{parts[found['name']]()}{found[3]}", text)
