"""The management API below /api/v1: the shapes of contract.md 6, and our own resources in the same manner."""
