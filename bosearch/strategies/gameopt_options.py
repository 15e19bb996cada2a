"""The options of the strategy ``gameopt``, checked when they are read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, final, get_args

from bosearch.errors import StrategyError
from bosearch.space import Space
from bosearch.strategies.feature_modelling import embeds
from bosearch.study.problem import suggest

BatchName = Literal["hallucinated", "top", "thompson"]
KernelOption = Literal["auto", "product", "additive"]
SolverName = Literal["best-response", "steepest", "hedge"]
PlayersName = Literal["sites", "pairs"]
ModelName = Literal["sites", "features"]
_WORDS = {
    "batch": get_args(BatchName),
    "kernel": get_args(KernelOption),
    "solver": get_args(SolverName),
    "model": get_args(ModelName),
}
_OF_GAMES = ("batch", "solver", "games", "players")


@final
@dataclass(frozen=True)
class GameOptOptions:
    """The options of the strategy.

    Args:
        initial: Trials before the first model, observed and failed ones included;
            ``None`` means twice the number of sites, within 10 and 50.
        beta: Multiplies the standard deviation in the upper confidence bound.
        batch: ``hallucinated``: each point as if those before were measured as
            predicted; ``top``: the highest payoffs, cheaper and less diverse;
            ``thompson``: each point from a posterior draw of its own. Numbers beside
            choices know only the first.
        kernel: ``product`` over sites; ``additive``: a sum over sites and pairs of sites;
            ``auto``: from thirty sites on the one that predicts better, else the product.
        solver: ``best-response``; ``steepest``: only the player who gains most moves, as in the
            paper's code; ``hedge``: players learn from the payoffs of all their actions, and
            where they end, best response.
        games: Played for each point, from starts of their own; more find higher payoffs.
            ``None`` means 64, and 8 where each new sequence costs an embedding.
        players: ``sites``; ``pairs``: where sites are at rest, random pairs of them answer
            as one; or groups that always answer as one, lists of sites by number from 0.
        pool: The only points that may be proposed: the path of a CSV file, absolute, with a
            column per parameter, or a list of points. All of them are looked at, none plays.
        model: ``sites``, or ``features`` in place of the sites: the embeddings of sequences, or
            what the file of the pool has in columns of its own. ``None`` means ``features``
            where sequences have embeddings.
    """

    initial: int | None = None
    beta: float = 3.0
    batch: BatchName = "hallucinated"
    kernel: KernelOption = "auto"
    solver: SolverName = "best-response"
    games: int | None = None
    players: PlayersName | Sequence[Sequence[int]] = "sites"
    pool: str | Sequence[Any] | None = None
    model: ModelName | None = None

    def __post_init__(self) -> None:
        if self.initial is not None and not (_is_whole(self.initial) and self.initial >= 1):
            raise _wrong("initial", "a whole number from 1", self.initial)
        if self.games is not None and not (_is_whole(self.games) and self.games >= 8):
            raise _wrong("games", "a whole number from 8", self.games)
        if isinstance(self.beta, bool) or not isinstance(self.beta, int | float) or self.beta < 0:
            raise _wrong("beta", "a number from 0", self.beta)
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if value not in words and not (name == "model" and value is None):
                hint = suggest(str(value), words)
                raise _wrong(name, f"one of {', '.join(words)}", value, hint)
        self._check_players()
        self._check_pool()

    @classmethod
    def from_table(cls, options: Mapping[str, Any]) -> Self:
        """The options of a study definition.

        Raises:
            StrategyError: An option is unknown or has a wrong value.
        """
        known = list(cls.__dataclass_fields__)
        for key in options:
            if key not in known:
                raise StrategyError(
                    f"strategy 'gameopt' has no option {key!r}", hint=suggest(key, known)
                )
        return cls(**options)

    def _check_players(self) -> None:
        if isinstance(self.players, str):
            if self.players not in get_args(PlayersName):
                words = get_args(PlayersName)
                hint = suggest(self.players, words)
                raise _wrong("players", f"{', '.join(words)} or lists of sites", self.players, hint)
        elif not isinstance(self.players, Sequence) or not all(
            isinstance(group, Sequence) and group and all(map(_is_whole, group))
            for group in self.players
        ):
            hint = "players = [[0, 1], [2, 3]]"
            raise _wrong("players", "'sites', 'pairs' or lists of sites", self.players, hint)
        if self.players != "sites" and (self.kernel == "additive" or self.batch == "thompson"):
            raise StrategyError(
                f"strategy 'gameopt': groups of sites answer under a product kernel, got players ="
                f" {self.players!r} with kernel = {self.kernel!r} and batch = {self.batch!r}",
                hint="kernel = 'product' and batch = 'hallucinated', or players = 'sites'",
            )
        if self.players not in ("sites", "pairs") and self.solver == "hedge":
            raise StrategyError(
                "strategy 'gameopt': groups answer by best response, got solver = 'hedge'",
                hint="leave out solver, or players",
            )

    def _check_pool(self) -> None:
        if self.pool is None:
            return
        listed = isinstance(self.pool, Sequence) and not isinstance(self.pool, str)
        if not listed and not isinstance(self.pool, str):
            raise _wrong("pool", "the path of a CSV file or a list of points", self.pool)
        if listed and not self.pool:
            raise _wrong("pool", "a file, or a list of at least one point", self.pool)
        for name in _OF_GAMES:
            if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                raise StrategyError(
                    f"strategy 'gameopt': a pool is looked at as a whole, and {name} has no meaning"
                    f" there, got {getattr(self, name)!r}",
                    hint=f"leave out {name}, or pool",
                )

    def on_features(self, space: Space) -> bool:
        """Whether the model works on features of whole points.

        Raises:
            StrategyError: It should and there are none, or another option needs sites.
        """
        embedded = self.model != "sites" and embeds(space)
        if self.model == "features" and not embedded and not isinstance(self.pool, str):
            raise StrategyError(
                "strategy 'gameopt': model 'features' needs sequences with an embedding, or a pool"
                " whose file has columns of features",
                hint="pool = '/path/to/candidates.csv'",
            )
        if not embedded and self.model != "features":
            return False
        serve = {"batch": ("hallucinated", "top"), "players": ("sites",), "kernel": ("auto",)}
        for name, values in serve.items():
            if getattr(self, name) not in values:
                raise StrategyError(
                    f"strategy 'gameopt': {name} = {getattr(self, name)!r} goes with model 'sites'"
                    " only, and this one works on features",
                    hint=f"leave out {name}, or say model = 'sites'",
                )
        return True

    @property
    def needs_sites(self) -> tuple[str, ...]:
        """Options in use that numbers beside the sites rule out."""
        defaults = type(self).__dataclass_fields__
        names = ("batch", "kernel", "solver", "players", "pool", "model")
        return tuple(name for name in names if getattr(self, name) != defaults[name].default)

    def initial_for(self, sites: int) -> int:
        """Size of the initial design."""
        return self.initial if self.initial is not None else max(10, min(2 * sites, 50))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(name: str, expected: str, value: object, hint: str | None = None) -> StrategyError:
    shown = repr(value) if len(repr(value)) < 80 else f"{repr(value)[:80]}..."
    return StrategyError(f"strategy 'gameopt': {name} must be {expected}, got {shown}", hint=hint)
