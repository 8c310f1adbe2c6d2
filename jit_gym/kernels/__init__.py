"""How is code compiled? Numba's plumbing: its arrays, its cache on disk, and its absence."""
