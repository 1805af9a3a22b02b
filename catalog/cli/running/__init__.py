"""Commands that record runs: once, on a schedule, from a past, or from the demo."""
