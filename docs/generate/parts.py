"""Pages written by hand, with parts between marks that are made from the program."""

import re
from collections.abc import Callable, Mapping

_PART = re.compile(r"(<!-- made by ./dev docs: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def renewed(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """Give the page with its marked parts written anew; raises KeyError for an unknown mark."""
    return _PART.sub(lambda found: f"{found[1]}{parts[found['name']]()}{found[3]}", text)
