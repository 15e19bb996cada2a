"""What may vary: parameters, input constraints, encoding and sampling."""

from bosearch.space.choice import Choice as Choice
from bosearch.space.constraint import Constraint as Constraint
from bosearch.space.construction import Construction as Construction
from bosearch.space.factor import Factor as Factor
from bosearch.space.grammar import Grammar as Grammar
from bosearch.space.numeric import Integer as Integer
from bosearch.space.numeric import Real as Real
from bosearch.space.parameter import Parameter as Parameter
from bosearch.space.sequence import Sequence as Sequence
from bosearch.space.space import Space as Space
