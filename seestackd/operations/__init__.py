"""Changes what is stored: one short synchronous function per use case, given a transaction and an instant."""
