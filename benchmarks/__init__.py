"""What the program costs without a screen: `python -m benchmarks`. The figures stand in docs/performance.md."""
