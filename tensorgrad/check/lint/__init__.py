"""lint: the classic mistakes, found in the graph of a loss."""
