"""Listens: the aiohttp application that takes pings and answers queries."""
