"""Repeated measurements as one value each: the mean, and how many stand behind it.

A Gaussian process given ``n`` observations at ``h`` different points is the one given their
means, with the noise divided by the counts; what the means lose is a term of the evidence
that depends on the noise alone. All algebra then grows with ``h``.

Source: Binois, Gramacy and Ludkovski (2018), "Practical heteroscedastic Gaussian process
modeling for large simulation experiments", eqs. 4 and 9.
"""

import math
from dataclasses import dataclass
from typing import Self, final

import torch
from torch import Tensor

from bosearch.surrogates.gaussian.exact import JITTER


@final
@dataclass(frozen=True, eq=False)
class Merged:
    """Observations with equal coordinates and equally known noise, merged.

    Args:
        group: ``n`` numbers of the groups that the observations belong to.
        Z: ``h x p`` coordinates.
        y: ``h`` means.
        known_var: ``h`` variances of the noise of one observation; NaN where it is inferred.
        counts: ``h`` numbers of observations.
        scatter: ``h`` sums of squares around the means.
    """

    group: Tensor
    Z: Tensor
    y: Tensor
    known_var: Tensor
    counts: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, Z: Tensor, y: Tensor, known_var: Tensor) -> Self:
        """Merge ``n x p`` coordinates, values and variances."""
        keys = torch.cat([Z, known_var.nan_to_num(nan=-1.0)[:, None]], dim=1)
        unique, group, counts = torch.unique(keys, dim=0, return_inverse=True, return_counts=True)
        h = len(unique)
        means = torch.zeros(h, dtype=y.dtype).index_add(0, group, y) / counts
        squares = (y - means[group]).square()
        scatter = torch.zeros(h, dtype=y.dtype).index_add(0, group, squares)
        known = unique[:, -1]
        known = torch.where(known < 0.0, torch.full_like(known, math.nan), known)
        return cls(group, unique[:, :-1], means, known, counts.to(y.dtype), scatter)

    def correction(self, log_noise: Tensor) -> Tensor:
        """Log density of the observations less that of their means."""
        each = torch.where(self.known_var.isnan(), log_noise.exp(), self.known_var) + JITTER
        lost = self.scatter / each + (self.counts - 1.0) * (2.0 * math.pi * each).log()
        return -0.5 * (lost + self.counts.log()).sum()
