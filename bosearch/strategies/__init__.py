"""How the next points of a study are chosen. Importing this loads no algorithm."""

from bosearch.strategies.base import Strategy as Strategy
from bosearch.strategies.base import Support as Support
from bosearch.strategies.registry import NAMES as NAMES
from bosearch.strategies.registry import load as load
from bosearch.strategies.registry import resolve as resolve
