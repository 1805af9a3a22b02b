"""From a request to an answer: threads, limits, one read of the catalog, and what HTTP and safety ask for."""
