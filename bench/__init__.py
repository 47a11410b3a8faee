"""What `make bench` runs: the real daemon beside its references, on one machine, in one run."""
