"""Ranges, factors and exceptions of a quantized graph, found on real text by the graph's own interpreter."""
