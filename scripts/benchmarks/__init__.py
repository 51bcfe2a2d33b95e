"""What `make bench` measures, and the document that is written from it; `scripts/benchmark.py` is the entry."""
