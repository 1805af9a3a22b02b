"""A request that failed: whether to try again, what the API said of it, and what to look at."""
