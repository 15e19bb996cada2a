"""What was asked and what was measured: the words of a study, free of any database."""

from bosearch.study.problem import Objective as Objective
from bosearch.study.problem import OutcomeConstraint as OutcomeConstraint
from bosearch.study.problem import Problem as Problem
from bosearch.study.problem import maximize as maximize
from bosearch.study.problem import minimize as minimize
from bosearch.study.trial import Measurement as Measurement
from bosearch.study.trial import Params as Params
from bosearch.study.trial import Proposal as Proposal
from bosearch.study.trial import Trial as Trial
from bosearch.study.trial import TrialState as TrialState
from bosearch.study.view import StudyView as StudyView
