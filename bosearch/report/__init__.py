"""What a study has found, for people: figures and one HTML page.

Figures are pure functions of a problem and its trials; ``page`` puts them on a
page that needs no network. Only ``words`` and ``results`` are light: the other
modules import plotly.
"""
