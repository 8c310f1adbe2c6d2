"""Limits on the size of files and values that are read.

They are far above what a model of a supply chain needs, and low enough that larger input is refused within seconds and
within a fraction of a laptop's memory.
"""

YAML_BYTES = 5_000_000
"""Bytes of a scenario file; PyYAML reads about a million a second."""
YAML_NODES = 200_000
"""Keys and values of a YAML text, those behind an alias counted at each use: about ten seconds to read."""
DEPTH = 50
"""Mappings and lists inside each other; a scenario needs eight."""
EXTENDED = 20
"""Files that extend one another."""

PARTS = 5_000
"""Entries of each table of a scenario: matrices of stocks by lanes then take 200 MB each."""
ENTRIES = 100_000
"""Entries of any other list of a scenario."""
AHEAD = 1_000
"""Periods ahead of a forecast's accuracy; each adds a number to what is seen in every period."""
NUMBER = 1e15
"""The largest absolute value of a number: integers up to it, and sums of a few of them, are exact as floats."""
REGIMES = 500
"""Regimes of a demand: their long-run shares take powers of the transition matrix."""

CSV_BYTES = 100_000_000
"""Bytes of a history."""
CSV_CELLS = 10_000_000
"""Rows times columns of a history: about a gigabyte of memory while it is read."""
CSV_COLUMNS = 10_000
"""Columns of a history."""
VALUES = 1_000_000
"""Periods of a history; a century of hours has 876,600."""

SAVED_BYTES = 1_000_000_000
"""Bytes of a model or a saved optimum."""
