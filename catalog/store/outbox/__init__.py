"""Alerts that are pending: enqueued with their cause, leased to one sender, retried with back-off."""
