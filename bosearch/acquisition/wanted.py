"""Acquisition functions by the names that a study definition may use; light to import."""

from typing import Literal

Wanted = Literal["auto", "logei", "logei-noisy", "ucb", "thompson"]
WANTED: tuple[Wanted, ...] = ("auto", "logei", "logei-noisy", "ucb", "thompson")
