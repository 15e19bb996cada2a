"""What a model said of a measurement before it was made, as provenance keeps it.

A record of such predictions tells how well the model is calibrated: the share of a
prediction's probability that lies below the measured value, its *probability integral
transform*, is uniform on [0, 1] if predictions mean what they say.

Source: Dawid (1984), "Statistical theory: the prequential approach".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Self, final

import numpy as np

from bosearch.study.trial import Measurement
from bosearch.surrogates.warping import Warp


@final
@dataclass(frozen=True)
class Prediction:
    """Mean and standard deviations of one metric at one point; of a normal distribution.

    In the units of the metric, unless ``warp`` is given: then of ``warp(sign * metric)``.

    Args:
        mean: Of the function.
        std: Of the function.
        noise_std: Of a measurement about the function, where it is not told.
        sign: See above.
        warp: See above.
    """

    mean: float
    std: float
    noise_std: float
    sign: float = 1.0
    warp: Warp | None = None

    def to_json(self) -> dict[str, Any]:
        """A JSON object, numbers to six digits; ``from_json`` reads it back."""
        said: dict[str, Any] = {
            "mean": float(f"{self.mean:.6g}"),
            "std": float(f"{self.std:.6g}"),
            "noise_std": float(f"{self.noise_std:.6g}"),
        }
        if self.warp is not None:
            said |= {"sign": self.sign, "warp": self.warp.to_json()}
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Self:
        """Read ``to_json``.

        Raises:
            KeyError: Something is missing.
        """
        warp = Warp.from_json(said["warp"]) if "warp" in said else None
        return cls(said["mean"], said["std"], said["noise_std"], said.get("sign", 1.0), warp)

    def below(self, measured: Measurement) -> float:
        """Probability that was given to smaller values of the metric than the measured one.

        A told standard error takes the place of the noise that the model inferred.
        """
        noise_std = self.noise_std if measured.sem is None else measured.sem
        value = measured.value
        if self.warp is not None:
            turned = np.array([self.sign * value])
            value = float(self.warp(turned)[0])
            if measured.sem is not None:
                noise_std *= float(self.warp.slope(turned)[0])
        std = max((self.std**2 + noise_std**2) ** 0.5, 1e-300)
        share = NormalDist(self.mean, std).cdf(value)
        return 1.0 - share if self.warp is not None and self.sign < 0.0 else share


def predictions(provenance: Mapping[str, Any]) -> dict[str, Prediction]:
    """The predictions that a trial's provenance holds, by metric; none if it holds no such."""
    said = provenance.get("predicted")
    if not isinstance(said, Mapping):
        return {}
    found = {}
    for metric, words in said.items():
        try:
            found[str(metric)] = Prediction.from_json(words)
        except (KeyError, TypeError):  # written by another version
            continue
    return found
