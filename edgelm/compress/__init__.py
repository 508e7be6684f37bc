"""Compression: recipes, pruning, distillation."""
