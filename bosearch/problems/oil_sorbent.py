"""An electrospun oil sorbent: three properties as quadratic response surfaces, to be maximized.

Seven settings of the spinning, all divided by their largest value: two are continuous, five
take four or five values. Measured: the contact angle of water, the oil absorbed, and the
mechanical strength.

Source: Wang, Cai, Liu, Yang and Ding (2020), "Harnessing a novel machine-learning-assisted
evolutionary algorithm to co-optimize three characteristics of an electrospun oil sorbent",
ACS Applied Materials & Interfaces; domain and thresholds as in Daulton et al. (2022),
"Bayesian optimization over discrete and mixed spaces via probabilistic reparameterization".
"""

import numpy as np
from numpy.typing import ArrayLike

from bosearch.problems.functions import Array

SETTINGS = {
    "V2": (0.7, 1.0, 1.4, 1.7, 2.0),
    "V3": (12.0, 15.0, 18.0, 21.0, 24.0),
    "V4": (0.12, 0.135, 0.15, 0.165, 0.18),
    "V6": (16.0, 20.0, 26.0, 28.0),
    "V7": (0.41, 0.6, 0.84, 1.32),
}
"""The values of the settings that are not continuous; ``V1`` and ``V5`` lie in [0, 1]."""

THRESHOLDS = {"angle": 125.3865, "absorbed": 57.8292, "strength": -43.2665}
KNOWN_HYPERVOLUME = 1279774.75  # as published, approximate

_CONSTANT = np.array([-197.0928, -212.8531, 7.7696])
_LINEAR = np.array(
    [
        [-78.3309, 98.6355, 300.0701, 89.8360, 208.2343, 332.9341, 135.6621],
        [245.7998, -127.3395, 305.8461, 638.1605, 301.2118, -451.3796, -115.5485],
        [15.4344, -10.6190, -17.9367, 17.1385, 2.5026, -24.3010, 10.6058],
    ]
)
_PRODUCTS = np.array(  # of settings 1 2, 1 3, ..., 1 7, 2 3, ..., 6 7
    [
        [
            *(-11.0715, 201.8934, 17.1270, 2.5198, -109.3922, 30.1607),
            *(-46.1790, 19.2888, -102.9493, -19.1245, 53.6297),
            *(-73.0649, -37.7181, -219.1268, -55.3704),
            *(3.8778, -6.9252, -105.1650),
            *(-34.3181, -36.3892),
            -82.3222,
        ],
        [
            *(42.8351, 262.3775, -103.5274, -196.1568, -394.7975, -176.3341),
            *(74.8291, 4.1557, -133.8683, 65.8711, -42.6911),
            *(-323.9363, -107.3983, -323.2353, 46.9172),
            *(-144.4199, 272.3729, 49.0799),
            *(318.4706, -236.2498),
            252.4848,
        ],
        [
            *(-1.2041, -37.2207, -3.2265, 7.3121, 52.3994, 9.7485),
            *(-15.9371, -1.1706, -2.6297, 7.0225, -1.4938),
            *(30.2786, 14.5061, 48.5021, -11.4857),
            *(-3.1381, -14.9747, 4.5204),
            *(-17.6907, -19.2489),
            -9.8219,
        ],
    ]
)
_SQUARES = np.array(
    [
        [-16.7536, -45.6507, -91.4134, 0.0, -76.8701, 0.0, 0.0],
        [0.0, 0.0, 0.0, -286.0182, 0.0, 393.5992, 0.0],
        [-18.7356, 12.1928, 0.0, -17.5460, 5.4997, -26.2718, 0.0],
    ]
)
_ROWS, _COLUMNS = np.triu_indices(7, k=1)


def oil_sorbent(v: ArrayLike) -> Array:
    """Contact angle, oil absorbed and strength of ``... x 7`` settings, each at most 1."""
    v = np.asarray(v, dtype=np.float64)
    products = v[..., _ROWS] * v[..., _COLUMNS]
    return np.asarray(_CONSTANT + v @ _LINEAR.T + products @ _PRODUCTS.T + (v**2) @ _SQUARES.T)
