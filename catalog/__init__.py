"""A model catalog that keeps itself: what is listed now, what was listed on day T, and what changed, when."""
