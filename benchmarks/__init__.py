"""What the program costs, without a screen and with it: `python -m benchmarks`. The figures stand in docs/performance.md."""
