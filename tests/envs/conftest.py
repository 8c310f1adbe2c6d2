"""What all tests of envs need."""

import pytest


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a window show pictures as quickly as it can."""
    monkeypatch.setattr("jit_gym.envs.display.FPS", 0)
