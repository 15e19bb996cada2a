"""Small tensors are computed in one thread, and only they."""

import pytest
import torch

from bosearch import Real, Space, Study, maximize
from bosearch.surrogates.embedding import Embedding
from bosearch.surrogates.gaussian.fitted import FittedProcess
from bosearch.surrogates.gaussian.linear import Linear
from bosearch.surrogates.schedule import Data
from bosearch.surrogates.threads import one_thread


def test_what_was_set_before_comes_back_even_after_an_error() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="broken in 1"), one_thread():
            raise RuntimeError(f"broken in {torch.get_num_threads()}")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_study_asks_its_surrogate_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fit = Linear.fit

    def watched(self: Linear, data: Data, embedding: Embedding, *, seed: int) -> FittedProcess:
        seen.append(torch.get_num_threads())
        return fit(self, data, embedding, seed=seed)

    monkeypatch.setattr(Linear, "fit", watched)
    study = Study.create(
        "sqlite://",
        name="threads",
        space=Space(x=Real(0.0, 1.0)),
        objectives=[maximize("y")],
        strategy={"name": "bayes", "surrogate": "linear", "initial": 2, "effort": "fast"},
        seed=0,
    )
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for _ in range(3):
            (trial,) = study.ask()
            study.tell(trial, {"y": trial.params["x"]})
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen
    assert set(seen) == {1}
