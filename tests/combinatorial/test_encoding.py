"""Rows and codes are another way to write the points of a space."""

from typing import Any

import numpy as np

from bosearch.combinatorial.encoding import Encoding
from bosearch.combinatorial.features import AMINO_ACIDS
from bosearch.space import Choice, Integer, Real, Sequence, Space

SPACE = Space(
    seq=Sequence(AMINO_ACIDS, 3),
    x=Real(-1, 1),
    k=Integer(1, 64, log=True),
    c=Choice(["a", "b", "c"], descriptors=[[0, 1], [1, 0], [2, 2]]),
    constraints=["k <= 40"],
)


def test_points_survive_the_way_through_rows() -> None:
    encoding = Encoding(SPACE)
    points = SPACE.sample(50, np.random.default_rng(0))
    rows = encoding.rows(SPACE.encode(points))
    back = SPACE.decode(encoding.encoded(rows))
    for there, here in zip(back, points, strict=True):
        assert abs(there.pop("x") - here.pop("x")) < 1e-12
        assert there == here
    codes = encoding.codes(rows)
    assert codes.shape == (50, 5)
    assert (codes[:, 3] == [point["k"] - 1 for point in points]).all()


def test_features_belong_to_their_factors() -> None:
    encoding = Encoding(SPACE)
    shapes = [None if table is None else table.shape for table in encoding.features]
    assert shapes == [(20, 25)] * 3 + [None, (64, 1), (3, 5)]
    assert encoding.continuous.tolist() == [3]
    assert encoding.sites.counts == (20, 20, 20, 64, 3)
    logs = encoding.tables[3][:, 0]  # equal ratios are equal distances
    np.testing.assert_allclose(logs[[1, 3, 7]], np.log([2, 4, 8]) / np.log(64), atol=1e-12)


def different(params: dict[str, Any]) -> bool:
    return bool(params["seq"][0] != params["c"])


def test_input_constraints_are_the_mask() -> None:
    space = Space([different], seq=Sequence("abc", 2), c=Choice(["a", "b", "c"]))
    encoding = Encoding(space)
    left = encoding.sites.all()
    assert len(left) == 27 - 9
    assert all(map(different, space.decode(encoding.encoded(left.astype(float)))))
    assert Encoding(Space(seq=Sequence("abc", 2))).sites.unrestricted
