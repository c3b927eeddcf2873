"""compare_backprop: a backprop written by hand, held against the engine's."""
