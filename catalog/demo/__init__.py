"""A loopback Models API and the history it plays: the whole product at work without a key and without a network."""
