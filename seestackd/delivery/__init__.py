"""Speaks: claims outbox rows, sends them to people, settles them."""
