"""Reads what the catalog knows: models now and at any moment, changes, runs, sources. Writes nothing."""
