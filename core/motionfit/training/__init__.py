"""Datasets and training of the priors."""
