"""Latency, memory and instruction counts of bundles side by side, each bundle in a process of its own."""
