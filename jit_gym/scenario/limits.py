"""What is read from outside may be this large, and no larger.

The limits are far above what a model of a supply chain needs, and low enough that what is refused is refused in
seconds, and in a fraction of a laptop's memory.
"""

YAML_BYTES = 5_000_000
"""Bytes of a scenario file; PyYAML reads about a million a second."""
YAML_NODES = 200_000
"""Keys and values of a YAML text, what an alias stands for counted each time: about ten seconds to read."""
DEPTH = 50
"""Mappings and lists inside each other; a scenario needs eight."""
EXTENDED = 20
"""Files that extend one another."""

PARTS = 5_000
"""Entries of each table of a scenario: matrices of stocks by lanes then take 200 MB each."""
ENTRIES = 100_000
"""Entries of any other list of a scenario."""
AHEAD = 1_000
"""Periods that a forecast is stated for; each is a number that is seen in every period."""
NUMBER = 1e15
"""What a number may be at most: whole numbers up to here, and sums of some of them, are exact as floats."""
REGIMES = 500
"""Regimes of a demand: the long run takes powers of their matrix."""

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
