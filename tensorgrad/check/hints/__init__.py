"""Hints: the mistake that makes such a gradient, in words."""
