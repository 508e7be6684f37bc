"""Ranges, factors and exceptions of a quantized graph, found on real text by the graph's own interpreter."""

from edgelm.calibrate.search import MOST_RETURNED, Calibrated, calibrate, rough
from edgelm.calibrate.storage import FILE, read, write

__all__ = ["FILE", "MOST_RETURNED", "Calibrated", "calibrate", "read", "rough", "write"]
