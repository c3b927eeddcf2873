"""Checks: of gradients, of backprop written by hand, of networks; and the hand-derived formulas of a dense network."""
