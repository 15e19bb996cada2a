"""Study files, their description in words, and trials as CSV or JSON lines."""
