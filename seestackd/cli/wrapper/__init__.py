"""Runs a job and reports it, without an effect on the job. The standard library only; little of it before the start."""
