"""Hints for misspelt words."""

import difflib
from collections.abc import Iterable


def suggest(word: str, known: Iterable[str]) -> str:
    """A hint for a misspelt ``word``: the nearest known one, else some of them."""
    known = list(known)
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    if not known:
        return "none is known"
    return f"known: {', '.join(known[:20])}{', ...' if len(known) > 20 else ''}"
