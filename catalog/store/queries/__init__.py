"""What the catalog knows, read back: models now and at any moment, changes, runs, sources. Writes nothing."""
