"""The report is a valid page for any study, and user text never becomes markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from bosearch.report.page import best_trials, render, write_report
from bosearch.space import Choice, Real, Space
from bosearch.study import Measurement, Problem, Trial, TrialState, maximize, minimize

ONE = Problem(Space(x=Real(0, 1), kind=Choice(["a", "b"])), (maximize("y"),), tracked=("seconds",))
TWO = Problem(ONE.space, (maximize("y"), minimize("cost")))
PARAMS = {"x": 0.25, "kind": "a"}
NASTY = "</script><script>alert(1)</script> & <b>bold</b>"


def measured(number: int, **values: float) -> Trial:
    told = {metric: Measurement(value, 0.1) for metric, value in values.items()}
    return Trial(number, PARAMS, TrialState.COMPLETED, values=told, asked_at=1e9, finished_at=2e9)


def failed(number: int, reason: str) -> Trial:
    return Trial(
        number, PARAMS, TrialState.FAILED, reason=reason, asked_at=1e9, finished_at=1e9 + 1
    )


class Page(HTMLParser):
    """The elements of a page, its text, and whether every element is closed."""

    VOID = frozenset({"meta", "link", "br", "img", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.addresses: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(problem: Problem, trials: list[Trial], name: str = "a study") -> Page:
    return Page(render(problem, trials, name=name, facts={"seed": "7"}))


def figures_of(html: str) -> list[dict[str, Any]]:
    (found,) = re.findall(r'id="figures">(.*?)</script>', html, flags=re.DOTALL)
    array: list[dict[str, Any]] = json.loads(found)
    return array


STUDIES: dict[str, tuple[Problem, list[Trial]]] = {
    "empty": (ONE, []),
    "one trial": (ONE, [measured(0, y=1.0)]),
    "all failed": (ONE, [failed(0, "boom"), failed(1, "bang")]),
    "only running": (ONE, [Trial(0, PARAMS, TrialState.RUNNING, asked_at=1e9)]),
    "two objectives": (TWO, [measured(0, y=1.0, cost=1.0), measured(1, y=2.0, cost=2.0)]),
    "two objectives, none measured": (TWO, [failed(0, "boom")]),
}


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_gives_a_well_formed_page_that_needs_no_network(study: str) -> None:
    page = page_of(*STUDIES[study])
    assert page.tags[:2] == ["html", "head"]
    assert page.addresses == []  # nothing is loaded from elsewhere
    assert "a study" in page.text


def test_a_study_without_a_result_says_so() -> None:
    assert "No trial has been measured" in page_of(*STUDIES["all failed"]).text
    assert "boom" in page_of(*STUDIES["all failed"]).text


def test_figures_never_offer_to_send_data_away() -> None:
    assert "showSendToCloud: false" in render(*STUDIES["one trial"], name="s", facts={})


def test_every_holder_has_its_figure() -> None:
    html = render(*STUDIES["two objectives"], name="s", facts={})
    holders = re.findall(r'data-figure="(\d+)"', html)
    assert holders == [str(i) for i in range(len(figures_of(html)))]


def test_user_text_never_becomes_markup() -> None:
    calm = page_of(ONE, [failed(0, "reason"), measured(1, y=1.0)])
    trials = [
        failed(0, NASTY),
        Trial(
            1,
            {"x": 0.25, "kind": NASTY},
            TrialState.COMPLETED,
            values={"y": Measurement(1.0)},
            provenance={"strategy": NASTY, "model": NASTY, "acquisition": NASTY, "value": 1.0},
        ),
    ]
    space = Space(x=Real(0, 1), kind=Choice(["a", NASTY]))
    nasty = page_of(Problem(space, ONE.objectives), trials, name=NASTY)
    assert nasty.tags.count("script") == calm.tags.count("script")
    assert "b" not in nasty.tags[nasty.tags.index("h1") : nasty.tags.index("div")]
    assert nasty.text.count(NASTY) >= 4  # shown as it was written


def test_the_best_trial_leads_and_the_front_is_complete() -> None:
    trials = [measured(i, y=float(v)) for i, v in enumerate([1, 5, 3])]
    assert [trial.number for trial in best_trials(ONE, trials)] == [1, 2, 0]
    front = [measured(0, y=1.0, cost=1.0), measured(1, y=2.0, cost=2.0), measured(2, y=0, cost=9)]
    assert [trial.number for trial in best_trials(TWO, front)] == [0, 1]


def test_writing_replaces_the_old_report_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    write_report(path, ONE, [measured(0, y=1.0)], name="s", facts={})
    assert path.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]
