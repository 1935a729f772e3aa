"""What siamviz promises about speed, measured; run with ``python -m tests.benchmarks``."""
