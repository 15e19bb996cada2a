"""Games on sequences and choices: payoffs, equilibria, and batches of points to measure."""
