"""Surrogates whose posterior is Gaussian, or Student-t, in closed form."""
