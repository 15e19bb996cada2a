"""Surrogates made of neural networks: many small ones in one batched tensor."""
