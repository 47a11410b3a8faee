"""python -m seestackd"""

import sys

from seestackd.cli import main

sys.exit(main())
