"""The bare walk of the Hub's list: requests and msgspec, each entry without what moves by itself; nothing is stored.

python bench/bare_hub.py URL
"""

import sys
from urllib.parse import urljoin

import msgspec
import requests

MOVING = ("downloads", "likes", "trendingScore")


def main() -> None:
    """Walk the list and print how many models it has and how many bytes they came in."""
    session = requests.Session()
    url = f"{sys.argv[1]}/api/models?limit=1000&sort=createdAt"
    decode = msgspec.json.Decoder().decode
    models = received = 0
    while url:
        answer = session.get(url, timeout=30)
        page = decode(answer.content)
        for entry in page:
            for name in MOVING:
                entry.pop(name, None)
        models += len(page)
        received += len(answer.content)
        url = urljoin(url, answer.links["next"]["url"]) if "next" in answer.links else ""
    print(models, received)


if __name__ == "__main__":
    main()
