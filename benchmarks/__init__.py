"""What the project claims, measured, each against a peer in the same run: `python -m benchmarks answers|images|speed`."""
