"""Training steps timed side by side: hand-written NumPy, tensorgrad and its peers. Run ``python -m benchmarks``."""
