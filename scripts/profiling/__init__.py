"""The quality of a recorded set of trades: gaps, prices far off, duplicates, disorder, rejects."""
