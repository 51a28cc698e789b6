"""Command-line tools: start, stop, generate, measure."""
