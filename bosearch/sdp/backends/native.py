"""Our interior point method: the only backend of more than double precision in this process."""

from typing import final

import bosearch
from bosearch.sdp.iterate import Iterate
from bosearch.sdp.ladder import Ladder
from bosearch.sdp.options import Options
from bosearch.sdp.outcome import Accept, Outcome
from bosearch.sdp.prepared import Prepared


@final
class Native:
    """See ``bosearch.sdp.ladder``."""

    name = "native"
    screen = False

    def version(self) -> str:
        """That of bosearch."""
        return bosearch.__version__

    def solve(
        self,
        prepared: Prepared,
        options: Options,
        accept: Accept,
        start: Iterate | None,
    ) -> Outcome:
        """See ``Backend``."""
        (outcome,) = Ladder(prepared, options, accept, start).run()
        return outcome
