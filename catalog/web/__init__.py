"""What the catalog knows, as pages, feeds, a calendar and the API itself; reads, and writes nothing."""
