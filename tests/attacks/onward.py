"""What the answers of a list mean that names its next page: by a token, an address, a number, or not at all.

Written from PROVIDERS alone, without a look at the walk's own code, as `reading` is for cursors.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.attacks import ways
from tests.attacks.reading import Answer, CutError, Pass, Walk


@dataclass
class Onward(Pass):
    """One way through such a list, from its top."""

    received: int = 0  # entries of any kind
    longest: int = 0  # of the pages before
    total: int | None = None  # as the page before counted

    def walk(self) -> Walk:
        """Go on as long as an answer names a next page."""
        asked: list[str | None] = [None]
        while True:
            answer, told = self.told(asked[-1])
            items = self.items(told)
            self.received += len(items)
            following = self.following(answer, told, len(items))
            self.longest = max(self.longest, len(items))
            if following in asked[1:]:
                self.shift()
                raise CutError
            self.remarked = self.remarked or (following is not None and not items)
            self.take(items)
            self.pages += 1
            if following is None:
                return self.verdict()
            asked.append(following)

    def told(self, name: str | None) -> tuple[Answer, Mapping[str, Any]]:
        answer = self.answer(name)
        if answer.status == 400 and name is not None:
            self.shift()
        if answer.status != 200:
            raise CutError
        self.identify(answer.organization)
        try:
            return answer, json.loads(answer.body)
        except ValueError:
            raise CutError from None

    def following(self, answer: Answer, told: Mapping[str, Any], count: int) -> str | None:
        """Give what names the next page; None at the end, which may be in doubt."""
        if self.way.style == "none":
            return None
        if self.way.style == "page":
            return self.by_number(told[ways.COUNTED], count)
        found: Mapping[str, str | None] = {
            "token": told.get("after"),
            "url": told.get("links", {}).get("next"),
            "link": answer.links.partition("<")[2].partition(">")[0] or None,
        }
        said = found[self.way.style]
        if said is not None:
            return said if self.way.style == "token" else parse_qs(urlsplit(said).query)["after_id"][0]
        stated = self.way.style != "link" and self.way.says_end
        is_short = count < self.size and (not self.longest or count < self.longest)
        self.doubted = self.doubted or not (stated or is_short)
        return None

    def by_number(self, total: int, count: int) -> str | None:
        if self.received < total and not count:
            raise CutError
        if self.total not in {None, total}:
            self.shift()
            self.doubted = True
        self.total = total
        if self.received >= total:
            self.doubted = self.doubted or self.received > total
            return None
        return str(self.pages + 2)
