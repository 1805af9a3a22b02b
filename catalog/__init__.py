"""A catalog of the models an API lists, and of how that list changed."""

__version__ = "0.1.0"
