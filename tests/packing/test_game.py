"""The SDP game, played through: every assembly it can reach, and what it promises of them."""

from collections.abc import Collection
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from bosearch.errors import ParameterError, SpaceError
from bosearch.packing.assembly import Assembly
from bosearch.packing.cost import CostModel
from bosearch.packing.game import (
    PIECES,
    STEPS,
    AssemblyGrammar,
    Edits,
    edits,
    longer_words,
    played,
    reach,
)
from bosearch.space import Construction
from bosearch.space.grammar import random_word, replay

# With 1 per sample of a block and nothing else, every piece costs something.
PER_SAMPLE = CostModel((0.0, 1.0, 0.0, 0.0, 0.0))


def grammar(d: int = 3, **options: object) -> AssemblyGrammar:
    return AssemblyGrammar(4, d, 6, letters=1, costs=PER_SAMPLE, **options)  # type: ignore[arg-type]


def reached(rules: AssemblyGrammar, tokens: Collection[str]) -> dict[str, Edits]:
    """All states that some of the moves lead to, by canonical form."""
    states = {rules.canonical(rules.root()): rules.root()}
    waiting = [rules.root()]
    while waiting:
        state = waiting.pop()
        if rules.terminal(state):
            continue
        for token in set(rules.moves(state)).intersection(tokens):
            after = rules.apply(state, token)
            if rules.canonical(after) not in states:
                states[rules.canonical(after)] = after
                waiting.append(after)
    return states


WHOLE = ("end", "drop", "shorter", "thinner", *PIECES)
LOWERING = ("end", "drop", "lower", "shorter", "near s1", "far l")


@pytest.fixture(scope="module")
def everything() -> dict[str, Edits]:
    return reached(grammar(), WHOLE)


@pytest.fixture(scope="module")
def lowered() -> dict[str, Edits]:
    return reached(grammar(), LOWERING)


def test_every_choice_of_words_and_kernels_is_reached_once(everything: dict[str, Edits]) -> None:
    ends = [state for state in everything.values() if state.last == "end"]
    # four letters on near triples and four on far ones, each in or out; 0 to 4 and 0 to 3 cuts
    assert len(ends) == 2**8 * 5 * 4
    assert len({(s.dropped, s.shorter, s.thinner) for s in ends}) == len(ends)


def test_every_state_can_be_ended_and_every_end_fits_its_degree(
    everything: dict[str, Edits],
) -> None:
    rules = grammar()
    for state in everything.values():
        if rules.terminal(state):
            for d in (1, 3, 4):
                state.assembly(d).check(d)
        else:
            tokens = rules.moves(state)
            assert "end" in tokens or state.last == "drop"
            assert len(set(tokens)) == len(tokens) > 0


def test_every_half_degree_is_reached_once(lowered: dict[str, Edits]) -> None:
    ends = [state for state in lowered.values() if state.last == "end"]
    # two multipliers that are out, or in and lowered up to twice; kernels cut up to 4 times
    assert len(ends) == 4 * 4 * 5 == len({tuple(state.bag()) for state in ends})
    for state in ends:
        state.assembly(4).check(4)
        assert not state.dropped.intersection(state.lowered)


def test_half_degrees_fall_to_half_at_most() -> None:
    word = ("s1",)
    for d, expected in [(1, [0, 0, 0]), (2, [1, 1, 1]), (3, [2, 1, 1]), (9, [8, 7, 6])]:
        played_so_often = [edits([*["lower", "near s1"] * n, "end"]) for n in range(3)]
        built = [state.assembly(d) for state in played_so_often]
        assert [assembly.half_degree("near", word, d) for assembly in built] == expected
        assert all(assembly.half_degree("near", (), d) == d for assembly in built)


def test_dropping_a_multiplier_forgets_that_it_was_lowered() -> None:
    dropped = edits(["drop", "far l", "end"])
    assert edits(["lower", "far l", "drop", "far l", "end"]) == dropped
    assert edits(["lower", "far l", "lower", "far l", "drop", "far l", "end"]) == dropped
    held = ["lower", "far l", "lower", "near G", "drop", "near s3", "end"]
    assert edits(held).lowered == ("far l", "near G")


def test_a_word_that_fits_only_when_lowered_can_be_added() -> None:
    def cost(*tokens: str) -> float:
        return grammar(5).cost(edits([*tokens, "end"]))

    add, lower = ("add", "near G*s1"), ("lower", "near G*s1")
    budget = 0.5 * (cost(*add, *lower) + cost(*add))
    assert cost() < budget < cost(*add)
    rules = AssemblyGrammar(4, 5, 6, seconds=budget, letters=2, costs=PER_SAMPLE)
    with pytest.raises(ParameterError, match="'end' at position 2 is not legal"):
        replay(rules, [*add, "end"])
    assert rules.cost(replay(rules, [*add, *lower, "end"])) <= budget


def test_the_longest_game_is_no_longer_than_a_construction() -> None:
    single, longer = ([p for p in PIECES if ("*" in p) == i and " " in p] for i in (False, True))
    tokens = [token for name in longer for token in ("add", name)]
    tokens += [token for name in (*single, *longer) for token in ("lower", name) * 2]
    tokens += [token for name in single for token in ("drop", name)]
    tokens += ["shorter"] * 4 + ["thinner"] * 3 + ["end"]
    assert edits(tokens).dropped == set(single)
    assert len(tokens) <= Construction(AssemblyGrammar).max_moves


def test_what_is_left_out_saves_and_what_is_added_costs(
    everything: dict[str, Edits], lowered: dict[str, Edits]
) -> None:
    rules = grammar()
    for state in [*everything.values(), *lowered.values()]:
        for token in () if rules.terminal(state) else rules.moves(state):
            after = rules.apply(state, token)
            assert rules.cost(after) <= rules.cost(state)
    assert rules.cost(edits(["add", "near G*s1", "end"])) > rules.cost(edits(["end"]))
    once = rules.cost(edits(["lower", "near s1", "end"]))
    assert rules.cost(edits(["drop", "near s1", "end"])) < once < rules.cost(edits(["end"]))


@pytest.mark.parametrize(
    ("states", "tokens", "share"), [("everything", WHOLE, 0.5), ("lowered", LOWERING, 0.9)]
)
def test_budget_holds_for_every_assembly_and_is_used_up(
    states: str, tokens: Collection[str], share: float, request: pytest.FixtureRequest
) -> None:
    rules = grammar()
    budget = share * rules.cost(Edits())
    limited = [s for s in reached(grammar(seconds=budget), tokens).values() if s.last == "end"]
    assert max(rules.cost(state) for state in limited) <= budget
    ends = [state for state in request.getfixturevalue(states).values() if state.last == "end"]
    assert 0 < len(limited) == sum(rules.cost(state) <= budget for state in ends) < len(ends)


def test_budget_below_the_smallest_assembly_is_refused() -> None:
    with pytest.raises(SpaceError, match="smallest assembly of d = 3"):
        grammar(seconds=1.0)


def test_order_of_edits_does_not_matter() -> None:
    parts = [["drop", "near s3"], ["add", "far G*l"], ["shorter"], ["lower", "far l"]]
    parts.append(["lower", "near s2"])
    rules = AssemblyGrammar()
    words = [[token for part in order for token in part] for order in permutations(parts)]
    assert len({rules.canonical(replay(rules, [*word, "end"])) for word in words}) == 1


def test_unedited_game_is_the_standard_assembly() -> None:
    for d in (1, 2, 5, 9):
        assert edits(["end"]).assembly(d) == Assembly.standard(d)


def test_edits_do_what_they_say() -> None:
    state = edits(["drop", "near s3", "add", "far G*l", "shorter", "shorter", "thinner", "end"])
    built, standard = state.assembly(4), Assembly.standard(4)
    assert set(standard.near) - set(built.near) == {("s3",)}
    assert set(built.far) - set(standard.far) == {("G", "l")}
    assert len(built.kernels) == reach(4, 2) + 1 == 7  # k = 0 .. 1.5 d
    assert built.kernels == (4, 3, 3, 2, 2, 1, 1)  # of 5, 4, 4, 3, 3, 2, 2
    for said in ("without near s3", "far G*l besides", "k = 1.5 d", "smaller by 1"):
        assert said in state.in_words()
    state = edits([*["lower", "near s2"] * 2, "lower", "far l", "end"])
    assert (
        state.in_words() == "complete assembly: squares of lower degree: far l by 1, near s2 by 2"
    )
    lowered = state.assembly(6)
    assert lowered.lowered == (("near", ("s2",), 2), ("far", ("l",), 1))
    assert replace(lowered, lowered=()) == Assembly.standard(6)


def test_largest_k_falls_from_2d_to_d() -> None:
    for d in range(1, 13):
        cuts = [reach(d, shorter) for shorter in range(STEPS["shorter"] + 1)]
        assert (cuts[0], cuts[-1]) == (2 * d, d)
        assert cuts == sorted(cuts, reverse=True)


def test_longer_words_repeat_no_letter() -> None:
    words = longer_words(4)
    # subsets of four letters with at least two elements, on both kinds of triples
    assert len(words) == len(set(words)) == 2 * (6 + 4 + 1)
    assert all(len(set(word)) == len(word) for _, word in words)


def test_bags_tell_assemblies_apart() -> None:
    rng = np.random.default_rng(0)
    rules = AssemblyGrammar(letters=4)
    states = {random_word(rules, rng, max_moves=200)[1] for _ in range(200)}
    bags = [tuple(state.bag()) for state in states]
    assert len(set(bags)) == len(bags)
    assert all(len(bag) == len(PIECES) and min(bag) >= 0 for bag in bags)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["hop"], "'hop' is no move"),
        (["drop", "near G*s1"], "after 'drop'"),
        (["add", "near s1"], "after 'add'"),
        (["drop", "near s3", "drop", "near s3"], "after 'drop'"),
        (["drop", "near s3", "lower", "near s3"], "after 'lower'"),
        (["lower", "near G*s1"], "after 'lower'"),
        (["lower", "near 1"], "after 'lower'"),
        (["lower", "near s3"] * 3, "after 'lower'"),
        (["shorter"] * 5, "'shorter' is no move"),
        (["end", "end"], "after 'end'"),
        (["drop", "near s3"], "complete when 'end'"),
    ],
)
def test_wrong_tokens_are_refused(tokens: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        edits(tokens)


def test_moves_are_those_that_can_be_played() -> None:
    rules = AssemblyGrammar()
    rng = np.random.default_rng(1)
    for _ in range(20):
        tokens, _ = random_word(rules, rng, max_moves=200)
        state = rules.root()
        for token in tokens:
            for move in rules.moves(state):
                played(state, move)
            state = rules.apply(state, token)
