"""Checks: gradients against numerical derivatives, and the hand-derived formulas of a dense network."""

from .gradients import check_gradients

__all__ = ["check_gradients"]
