"""Failed requests: whether to try again, what the API says of the failure, and hints for a person."""
