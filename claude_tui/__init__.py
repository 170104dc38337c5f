"""claude-tui: a terminal chat application for Claude.

Importing the package costs nothing: it holds the version and no more.
"""

__version__ = "0.1.0"
