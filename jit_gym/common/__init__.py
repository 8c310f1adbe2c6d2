"""What does every folder need? Statistics, whole files, digests, checks and provenance; nothing about inventory."""
