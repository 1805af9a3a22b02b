"""The bare walk, the yardstick: a requests session and json.loads, page by page; no database, no checks.

python bench/bare.py URL
"""

import json
import sys

import requests


def main() -> None:
    """Walk the list and print how many models it has and how many bytes they came in."""
    session = requests.Session()
    session.headers.update({"x-api-key": "bench", "anthropic-version": "2023-06-01"})
    params, models, received = {"limit": 1000}, 0, 0
    while True:
        body = session.get(f"{sys.argv[1]}/v1/models", params=params, timeout=30).content
        page = json.loads(body)
        models += len(page["data"])
        received += len(body)
        if not page["has_more"]:
            break
        params["after_id"] = page["last_id"]
    print(models, received)


if __name__ == "__main__":
    main()
