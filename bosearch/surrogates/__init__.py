"""Models of expensive functions: exact Gaussian processes, fitted fast and seldom.

``schedule.train`` turns data into a ``GaussianProcess`` in NumPy;
``botorch_model.GaussianProcesses`` makes a BoTorch ``Model`` of several.
"""
