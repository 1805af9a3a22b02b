"""A first load and later ones as dlt does them: its REST source into SQLite, with history (scd2).

python bench/peer_dlt.py URL FOLDER
"""

import sys
from pathlib import Path

import dlt
from dlt.sources.rest_api import rest_api_source


def main() -> None:
    """Load the list once."""
    url, folder = sys.argv[1], Path(sys.argv[2])
    paginator = {
        "type": "cursor",
        "cursor_path": "last_id",
        "cursor_param": "after_id",
        "has_more_path": "has_more",
    }
    source = rest_api_source(
        {
            "client": {"base_url": url, "headers": {"x-api-key": "bench"}, "paginator": paginator},
            "resources": [
                {
                    "name": "models",
                    "endpoint": {"path": "v1/models", "params": {"limit": 1000}, "data_selector": "data"},
                    "write_disposition": {"disposition": "merge", "strategy": "scd2"},
                    "columns": {"capabilities": {"data_type": "json"}},  # one column, not sixty
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="main",
    )
    print(pipeline.run(source))


if __name__ == "__main__":
    main()
