"""What does everybody need? Statistics, whole files, digests, checks and provenance; nothing about inventory."""
