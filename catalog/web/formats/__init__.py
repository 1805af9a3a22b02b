"""Writes feeds, a calendar, badges and pictures. Pure."""
