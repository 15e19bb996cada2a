"""Bounds of the density of sphere packings, as semidefinite programs."""

from bosearch.packing.densities import PUBLISHED_BOUNDS as PUBLISHED_BOUNDS
from bosearch.packing.densities import best_packing as best_packing
from bosearch.packing.two_point import TwoPointBound as TwoPointBound
from bosearch.packing.two_point import two_point as two_point
