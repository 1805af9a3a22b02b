"""The bare walk of the Hub's list: requests, and msgspec as the product decodes; nothing is checked, kept or stored.

Each entry is split into its members, loses those that move by themselves, and the others are decoded one by one:
that much has to be done to tell which of them a model has, and what each says.

python bench/bare_hub.py URL
"""

import sys
from urllib.parse import urljoin

import msgspec
import requests
from msgspec import Raw

MOVING = ("downloads", "likes", "trendingScore")


def main() -> None:
    """Walk the list and print how many models it has and how many bytes they came in."""
    session = requests.Session()
    url = f"{sys.argv[1]}/api/models?limit=1000&sort=createdAt"
    split, decode = msgspec.json.Decoder(list[dict[str, Raw]]).decode, msgspec.json.Decoder().decode
    models = received = 0
    while url:
        answer = session.get(url, timeout=30)
        for entry in split(answer.content):
            for name in MOVING:
                entry.pop(name, None)
            models += bool({name: decode(value) for name, value in entry.items()}["id"])
        received += len(answer.content)
        url = urljoin(url, answer.links["next"]["url"]) if "next" in answer.links else ""
    print(models, received)


if __name__ == "__main__":
    main()
