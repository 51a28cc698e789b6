"""Alerts delivered to webhooks: each target by a thread of its own, at least once."""
