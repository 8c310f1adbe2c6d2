"""How do I show it? Tables for the terminal, pictures, an HTML page, and where every number came from."""
