"""What runs: one sync of a source, one pass over the outbox, and the schedule that calls both."""
