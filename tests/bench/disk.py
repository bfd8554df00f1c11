"""What one durable append costs on the disk of the temporary directory."""

import os
import statistics
import tempfile
import time


def fdatasync_ms(count=200):
    """Median and 99th percentile, in milliseconds, of 4 KiB appended and synced: an intent needs two of these."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(count):
            begun = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took), statistics.quantiles(took, n=100)[98]
