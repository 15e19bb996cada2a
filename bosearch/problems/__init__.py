"""Benchmark problems with known answers."""

from bosearch.problems.benchmark import BenchmarkProblem as BenchmarkProblem
from bosearch.problems.suite import NAMES as NAMES
from bosearch.problems.suite import get as get
