"""Tree search over constructions: PUCT on a graph of states, few leaves measured.

``export`` writes the search graph, and ``learned`` makes a guide from a record.
"""

from bosearch.treesearch.guide import Guide as Guide
from bosearch.treesearch.guide import Position as Position
from bosearch.treesearch.recipe import SearchRecipe as SearchRecipe
from bosearch.treesearch.record import Failure as Failure
from bosearch.treesearch.record import Leaf as Leaf
from bosearch.treesearch.record import Told as Told
from bosearch.treesearch.rules import Choices as Choices
from bosearch.treesearch.rules import Rule as Rule
from bosearch.treesearch.rules import Worth as Worth
from bosearch.treesearch.rules import puct as puct
from bosearch.treesearch.rules import reward_alone as reward_alone
from bosearch.treesearch.rules import reward_per_cost as reward_per_cost
from bosearch.treesearch.rules import ucb1 as ucb1
from bosearch.treesearch.search import TreeSearch as TreeSearch
