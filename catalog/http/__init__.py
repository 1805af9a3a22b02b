"""HTTP as a client: one exchange, bounded in time and size, and our own words for what went wrong."""
