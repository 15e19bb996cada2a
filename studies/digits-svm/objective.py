"""Cross-validated accuracy of a support vector machine on 1,797 handwritten digits."""

from time import perf_counter

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

FOLDS, SHUFFLES = 10, 8


def evaluate(
    log10_C: float, log10_gamma: float, kernel: str, degree: int
) -> dict[str, float | tuple[float, float]]:
    """Measure one setting: mean accuracy, its standard error over shuffles, and the seconds."""
    model = SVC(C=10**log10_C, gamma=10**log10_gamma, kernel=kernel, degree=degree)
    images, digits = load_digits(return_X_y=True)
    splits = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=SHUFFLES, random_state=0)
    started = perf_counter()
    scores = cross_val_score(model, images / 16, digits, cv=splits)
    means = np.reshape(scores, (SHUFFLES, FOLDS)).mean(axis=1)
    sem = means.std(ddof=1) / SHUFFLES**0.5
    return {"accuracy": (means.mean(), sem), "fit_s": perf_counter() - started}
