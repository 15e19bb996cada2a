"""``python -m bosearch.cli``, for where the script is not on the path."""

import sys

from bosearch.cli.entry import main

sys.exit(main())
