"""Known bounds in all their digits."""

import math
from decimal import Decimal

import pytest

from bosearch.packing import two_point
from bosearch.packing.scale import log_diameter

# Linear programming bounds at degree 41 and the natural scale, computed independently in
# double-double arithmetic; in 2 and 8 dimensions they agree with the literature. Dimensions
# 3 and 4: 0.779747 and 0.647705 in Cohn and Elkies (2003), table 3.
TABLE = {
    1: "1.000000000",
    2: "0.9068996821171",
    3: "0.7797469293",
    4: "0.6477052138",
    5: "0.5249804280",
    6: "0.4176740782",
    7: "0.3274566428",
    8: "0.2536710315",
    9: "0.1945574682",
    10: "0.1479563009",
    11: "0.1116943294",
    12: "0.0837801404",
    13: "0.0624867141",
    14: "0.0463701262",
    15: "0.0342544076",
    16: "0.0252006480",
    24: "0.0019345136",
}


@pytest.mark.parametrize("dim", TABLE)
def test_the_table_of_degree_41_comes_out_in_all_digits(dim: int) -> None:
    expected = Decimal(TABLE[dim])
    r = math.exp(log_diameter(dim, float(expected)))
    found = two_point(dim, 41, r=r).density
    # The table is rounded in some places and cut off in others; our gap is 1e-12.
    assert abs(found - expected) <= Decimal(1).scaleb(-len(TABLE[dim].split(".")[1])) + Decimal(
        "1e-12"
    )
