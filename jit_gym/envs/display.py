"""What an env renders: text, pictures, or a window that shows these."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.error import DependencyNotInstalled, ResetNeeded

from .rendering import write
from .shown import Contents, Moment

if TYPE_CHECKING:
    from .episodes import EpisodeBatch
    from .picture import Screen

MODES = ["human", "ansi", "rgb_array"]
FPS = 4


class Display:
    """Shows the present episode of one path in a mode of rendering; it looks at what is played, and changes nothing."""

    def __init__(self, mode: str) -> None:
        """Begin with no episode.

        Raises:
            DependencyNotInstalled: for a window, where pygame is not installed.
        """
        self.mode = mode
        self._window = _Window() if mode == "human" else None
        self._past: list[Mapping[str, float]] = []
        self._moments: list[Moment] = []
        self._contents: Contents | None = None
        self._screen: Screen | None = None

    def begin(self, episodes: EpisodeBatch, observation: np.ndarray) -> None:
        """Begin an episode of the first path, at what is observed there (numbers,)."""
        layout, codec = episodes.world_of(0)
        if self._contents is None or self._contents.layout is not layout:
            self._contents, self._screen = Contents(layout, codec), None
        self._past, self._moments = [], []
        self._observe(observation)

    def add(self, flows: Mapping[str, float], observation: np.ndarray) -> None:
        """Add a period: its flows by name, and what is observed after it (numbers,)."""
        if self._contents is not None:
            self._past.append(flows)
            self._observe(observation)

    def render(self) -> Any:
        """Return a line of text, or a picture (480, 640, 3); nothing of what a window shows.

        Raises:
            ResetNeeded: before the first episode.
        """
        if self._contents is None:
            raise ResetNeeded("no episode has begun: call reset() before render()")
        if self.mode == "ansi":
            return write(self._contents.scenario, self._past)
        return self._picture() if self.mode == "rgb_array" else self._show()

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()

    def _observe(self, observation: np.ndarray) -> None:
        """Note what a picture shows of an observation (numbers,), and show it in the window."""
        if self.mode != "ansi" and self._contents is not None:
            self._moments.append(self._contents.moment(observation))
            self._show()

    def _show(self) -> None:
        if self._window is not None:
            self._window.show(self._picture())

    def _picture(self) -> np.ndarray:
        from .picture import Screen

        assert self._contents is not None
        if self._screen is None:
            self._screen = Screen(self._contents)
        return self._screen.draw(self._past, self._moments)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: it draws its own pictures."""
        return {**vars(self), "_screen": None}


def display(mode: str | None, info: str = "all") -> Display | None:
    """Return what shows episodes in a mode of rendering, None where there is none.

    Raises:
        ValueError: for another mode, and where `info` tells nothing to show.
        DependencyNotInstalled: for a window, where pygame is not installed.
    """
    if mode is None:
        return None
    if mode not in MODES:
        raise ValueError(f"render_mode: must be one of {MODES}, got {mode!r}")
    if info == "none":
        raise ValueError("render_mode: needs info='all', which says what happened, got info='none'")
    return Display(mode)


class _Window:
    """A window of pygame that shows pictures, as many a second as `FPS` says; opened at the first one."""

    def __init__(self) -> None:
        """Look for pygame, which may be missing."""
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        try:
            import pygame
        except ImportError:
            raise DependencyNotInstalled(
                "render_mode: 'human' needs the package pygame-ce (pip install 'jit-gym[render]')"
            ) from None
        self._pygame: Any = pygame
        self._surface: Any = None
        self._clock: Any = None

    def show(self, picture: np.ndarray) -> None:
        """Show a picture (height, width, 3), when the one before has been seen long enough."""
        pygame = self._pygame
        if self._surface is None:
            pygame.display.init()
            pygame.display.set_caption("jit_gym")
            self._surface, self._clock = pygame.display.set_mode(picture.shape[1::-1]), pygame.time.Clock()
        self._surface.blit(pygame.surfarray.make_surface(picture.swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(FPS)

    def close(self) -> None:
        """Close it; the next picture opens another."""
        if self._surface is not None:
            self._pygame.display.quit()
            self._surface = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made of: it opens a window of its own."""
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy."""
        self.__init__()  # type: ignore[misc]
