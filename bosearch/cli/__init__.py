"""The command line: a thin layer over the same calls that Python users make.

Results go to stdout, as text or with ``--json`` as one object per line;
progress and warnings go to stderr. Wrong use exits with 2, a study that cannot
continue with 1, an interrupt with 130. Whatever takes time to import is
imported inside the command that needs it.
"""

from bosearch.cli.entry import main as main
