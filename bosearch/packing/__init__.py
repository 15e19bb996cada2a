"""Bounds of the density of sphere packings, as semidefinite programs."""

from bosearch.packing.assembly import Assembly as Assembly
from bosearch.packing.densities import PUBLISHED_BOUNDS as PUBLISHED_BOUNDS
from bosearch.packing.densities import best_packing as best_packing
from bosearch.packing.three_point import ThreePointBound as ThreePointBound
from bosearch.packing.three_point import three_point as three_point
from bosearch.packing.two_point import TwoPointBound as TwoPointBound
from bosearch.packing.two_point import two_point as two_point
