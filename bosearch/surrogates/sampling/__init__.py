"""Markov chains over the weights of networks, and what tells whether they have mixed."""
