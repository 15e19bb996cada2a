"""Verify certificates. Imports neither torch nor a solver, and nothing that made them."""

from bosearch.verify.checker import FORMAT as FORMAT
from bosearch.verify.checker import IGNORED as IGNORED
from bosearch.verify.checker import VERSION as VERSION
from bosearch.verify.checker import verify as verify
from bosearch.verify.checker import verify_file as verify_file
from bosearch.verify.proof import Proof as Proof
