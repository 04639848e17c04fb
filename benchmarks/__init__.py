"""What a login costs, beside one written by hand and beside other libraries: `python -m benchmarks`."""
