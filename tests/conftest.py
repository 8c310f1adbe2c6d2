"""What all tests need: windows without a screen."""

import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
