from pathlib import Path

import pytest

from bosearch.errors import SdpError
from bosearch.sdp import Status, solve
from tests.sdp.helpers import pentagon, two_point


def test_a_resumed_solve_finds_the_same_optimum_without_redoing_iterations(tmp_path: Path) -> None:
    file = tmp_path / "state.npz"
    problem = two_point(8, 7)
    whole = solve(problem)
    first = solve(problem, checkpoint=file, max_iterations=9)
    assert first.status is Status.limit
    second = solve(problem, checkpoint=file)
    assert second.status is Status.optimal
    assert second.decimal(40) == whole.decimal(40)  # bit for bit the same path
    assert [i.number for i in second.history] == [i.number for i in whole.history]
    assert second.counts["schur"] == whole.counts["schur"] - first.counts["schur"]


def test_a_finished_solve_resumes_to_its_result_at_once(tmp_path: Path) -> None:
    file = tmp_path / "state.npz"
    done = solve(two_point(8, 7), checkpoint=file)
    again = solve(two_point(8, 7), checkpoint=file)
    assert again.status is Status.optimal
    assert again.counts == {}
    assert again.decimal(40) == done.decimal(40)


def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.npz"
    solve(pentagon(), checkpoint=file)
    with pytest.raises(SdpError, match="checkpoint of another program"):
        solve(two_point(8, 5), checkpoint=file)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"text"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.npz"
    file.write_bytes(content)
    with pytest.raises(SdpError, match=r"is no checkpoint(.|\n)*delete it to start"):
        solve(pentagon(), checkpoint=file)


def test_a_truncated_checkpoint_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.npz"
    solve(pentagon(), checkpoint=file)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(SdpError, match="is no checkpoint"):
        solve(pentagon(), checkpoint=file)
