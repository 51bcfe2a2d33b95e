# message: can't be loaded: SystemExit: 0 in line 4
import sys

sys.exit(0)
