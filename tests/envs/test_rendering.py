"""An episode as text, as a picture, in a window and as a video."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import imageio_ffmpeg
import numpy as np
import pygame
import pytest
from gymnasium.error import DependencyNotInstalled, ResetNeeded
from gymnasium.vector import AutoresetMode

import jit_gym
from jit_gym.envs import Env, FamilyEnv, VectorEnv
from jit_gym.envs.display import FPS, MODES

from .rich import actions_for, rich

STRIKE = {"hits": ["supplier"], "starts": {"at": [5]}, "lasts": 3}
LATER = STRIKE | {"starts": {"at": [90]}}


def test_a_period_is_a_line_of_text():
    """It tells what was ordered, arrived, asked for and short, what is left and what it cost, as info has it."""
    env = gym.make("jit_gym/LostSales-v1", render_mode="ansi")
    env.reset(seed=1)
    assert env.render() == "day 0: nothing has happened yet\n"
    for t in (1, 2):
        info = env.step(np.ones(1, np.float32))[4]
        asked, short, held, cost = (info[k] for k in ("customers.demanded", "customers.short", "shop.held", "cost"))
        assert env.render() == (
            f"day {t}: supplier ordered 10, arrived 0; customers asked {asked:g}, short {short:g};"
            f" shop holds {held:g}; cost {cost:g}\n"
        )


def test_a_line_of_text_names_every_lane_demand_and_stock():
    """All of a larger world fits into its line."""
    env = Env(rich(), render_mode="ansi")
    env.reset(seed=1)
    env.step(np.zeros(3))
    line = env.render()
    assert line.count("\n") == 1
    for name in ("lorry", "ship", "van", "bikes", "spares", "body", "wheel"):
        assert name in line


def test_an_episode_is_a_picture():
    """It is (height, width, 3) of bytes, is not blank, keeps its size, and shows what has happened since."""
    env = gym.make("jit_gym/Scenario-v1", scenario=rich(), render_mode="rgb_array")
    env.reset(seed=1)
    pictures = [env.render()]
    for action in actions_for(env.action_space, 0, 7):
        env.step(action)
    pictures.append(env.render())
    env.reset()
    pictures.append(env.render())
    for picture in pictures:
        assert picture.shape == (480, 640, 3)
        assert picture.dtype == np.uint8
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 5
    assert not np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])  # a new episode begins with an empty picture


def test_without_a_mode_nothing_is_rendered():
    """Neither an env nor a batch that was made without `render_mode` has anything to show, and both say so."""
    for env in (Env(rich()), VectorEnv(rich(), num_envs=2)):
        env.reset(seed=1)
        with pytest.raises(ValueError, match=r"without a render_mode \(one of \['human', 'ansi', 'rgb_array'\]\)"):
            env.render()


def test_before_the_first_episode_there_is_nothing_to_show():
    """Gymnasium's order enforcement is not needed to hear so."""
    for env in (Env(render_mode="rgb_array"), VectorEnv(num_envs=2, render_mode="ansi")):
        with pytest.raises(ResetNeeded, match="no episode has begun"):
            env.render()


def test_a_picture_does_not_depend_on_those_before_it():
    """One figure serves all frames: a frame is the same whether all before it were drawn or none."""
    first, second = (Env(rich(), render_mode="rgb_array") for _ in range(2))
    for env in (first, second):
        env.reset(seed=3)
    for action in actions_for(first.action_space, 0, 7):
        first.step(action)
        second.step(action)
        shown = first.render()
    assert np.array_equal(shown, second.render())


def frames(strike: dict[str, Any], steps: int) -> list[np.ndarray]:
    """Return the pictures after each of some periods of lost sales with a strike, in which nothing is ordered."""
    env = Env("lost-sales", {"disruptions": {"strike": strike}}, render_mode="rgb_array")
    env.reset(seed=3)
    shown = []
    for _ in range(steps):
        env.step(np.full(1, -1.0, np.float32))
        shown.append(env.render())
    return shown


def test_a_disruption_is_shown_as_soon_as_it_is_seen_and_not_before():
    """A strike from period 5 on is seen at its start, which is what the picture after five periods shows."""
    same = [np.array_equal(*pair) for pair in zip(frames(STRIKE, 7), frames(LATER, 7), strict=True)]
    assert same == [True] * 4 + [False] * 3


def test_a_hidden_disruption_is_not_shown():
    """What no observation shows is in no pixel either, as long as nothing is missed that was ordered."""
    hidden = [frames(strike | {"seen": "hidden"}, 7) for strike in (STRIKE, LATER)]
    assert all(np.array_equal(*pair) for pair in zip(*hidden, strict=True))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scenario", ["lost-sales-hidden", "aisin-1997", "beer-game", "store-network-stressed"])
def test_rendering_never_changes_the_path(scenario: str, mode: str):
    """Observations, rewards and flows are the same to the bit, in single envs and batches, whatever is rendered."""
    played = []
    for render_mode in (None, mode):
        env: Any = Env(scenario, render_mode=render_mode)
        batch: Any = VectorEnv(scenario, num_envs=2, render_mode=render_mode, max_episode_steps=4)
        seen = [env.reset(seed=5), batch.reset(seed=5)]
        rng = np.random.default_rng(0)
        for _ in range(7):
            action = rng.uniform(-1, 1, (2, *env.action_space.shape)).astype(np.float32)
            seen += [env.step(action[0]), batch.step(action)]
            if render_mode is not None:
                env.render()
                batch.render()
        env.close()
        batch.close()
        played.append(seen)
    for one, other in zip(*played, strict=True):
        np.testing.assert_equal(one, other)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_of_a_batch_the_first_row_is_shown(mode: AutoresetMode):
    """It shows what a single env of its paths shows, from episode to episode; of the other rows there is None."""
    batch = VectorEnv("lost-sales", num_envs=3, max_episode_steps=4, autoreset_mode=mode, render_mode="ansi")
    single = Env("lost-sales", render_mode="ansi")
    batch.reset(seed=[8, 1, 2])
    single.reset(seed=8)
    actions = np.full((3, 1), 0.4, np.float32)
    for step in range(9):
        over = step > 0 and step % (4 if mode == AutoresetMode.SAME_STEP else 5) == 0
        before = batch.render()[0]
        if mode == AutoresetMode.DISABLED and before.startswith("day 4"):
            batch.reset(options={"reset_mask": np.ones(3, bool)})
            single.reset()
        elif mode == AutoresetMode.NEXT_STEP and before.startswith("day 4"):
            batch.step(actions)
            single.reset()
        else:
            batch.step(actions)
            single.step(actions[0])
            if mode == AutoresetMode.SAME_STEP and single.render().startswith("day 4"):
                single.reset()
        assert batch.render() == (single.render(), None, None), over


def test_a_family_is_shown_world_by_world():
    """Each episode's picture is that of the world that it plays, as an env of this world alone draws it."""
    env = FamilyEnv("lost-sales-family", worlds=2, render_mode="rgb_array")
    env.reset(seed=0)
    for k in range(2):
        alone = Env(env.family.world(k), render_mode="rgb_array")
        alone.reset(seed=0)
        for _ in range(k):  # path k of seed 0 plays world k
            alone.reset()
        for each in (env, alone):
            each.step(np.full(1, 0.3, np.float32))
        assert np.array_equal(env.render(), alone.render())
        env.reset()


@pytest.mark.parametrize("batch", [False, True])
def test_a_window_shows_each_step_and_closes(batch: bool):
    """It opens at the first reset, shows what `rgb_array` returns, and closes twice without complaint."""
    make: Any = (lambda **kw: VectorEnv(num_envs=2, **kw)) if batch else Env
    window, picture = make(render_mode="human"), make(render_mode="rgb_array")
    for env in (window, picture):
        env.reset(seed=2)
        env.step(np.full((2, 1) if batch else (1,), 0.5, np.float32))
    on_screen = pygame.surfarray.array3d(pygame.display.get_surface()).swapaxes(0, 1)
    frame = picture.render()[0] if batch else picture.render()
    assert np.array_equal(on_screen, frame)
    assert window.render() in (None, (None, None))
    window.close()
    assert not pygame.display.get_init()
    if not batch:
        window.close()
        window.reset()  # opens another
        assert pygame.display.get_init()
        window.close()


def test_a_window_keeps_its_time(monkeypatch: pytest.MonkeyPatch):
    """It asks pygame's clock for `metadata["render_fps"]` frames a second, each time it shows one."""
    asked: list[float] = []

    class Clock:
        def tick(self, fps: float) -> None:
            asked.append(fps)

    monkeypatch.setattr(pygame.time, "Clock", Clock)
    monkeypatch.setattr("jit_gym.envs.display.FPS", FPS)
    env = Env(render_mode="human")
    env.reset(seed=0)
    env.step(np.zeros(1, np.float32))
    env.close()
    assert asked == [env.metadata["render_fps"]] * 2 == [FPS] * 2


def test_without_pygame_a_window_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch):
    """The line says what to install; text and pictures need no pygame."""
    monkeypatch.setitem(sys.modules, "pygame", None)
    for make in (Env, VectorEnv, FamilyEnv):
        with pytest.raises(DependencyNotInstalled, match=r"^render_mode: 'human' needs .*'jit-gym\[render\]'\)$"):
            make(render_mode="human")
    Env(render_mode="rgb_array").close()


def test_nothing_that_draws_is_imported_before_it_is_asked_for():
    """Neither pygame nor matplotlib is loaded by an env that is not rendered."""
    code = "import sys, jit_gym; e = jit_gym.Env(); e.reset(seed=0); print({'pygame', 'matplotlib'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["copy", "pickle"])
def test_a_copy_draws_pictures_of_its_own(copied: Any):
    """A copy shows the same episode, and what is played on it is not in the picture of the first."""
    env = Env("lost-sales", render_mode="rgb_array")
    env.reset(seed=1)
    env.step(np.ones(1, np.float32))
    before = env.render()
    other = copied(env)
    assert np.array_equal(other.render(), before)
    other.step(np.ones(1, np.float32))
    assert not np.array_equal(other.render(), before)
    assert np.array_equal(env.render(), before)


@pytest.mark.parametrize("batch", [False, True])
def test_gymnasium_records_a_video(tmp_path: Path, batch: bool):
    """`RecordVideo` writes the beginning and each period, 640 by 480; of a batch, the first row."""
    folder = str(tmp_path / "video")
    if batch and not hasattr(gym.wrappers.vector, "RecordVideo"):
        pytest.skip("this Gymnasium records no batches")
    if batch:
        many: Any = gym.make_vec("jit_gym/LostSales-v1", num_envs=3, render_mode="rgb_array")
        env: Any = gym.wrappers.vector.RecordVideo(many, folder, record_first_only=True, video_length=6)
    else:
        env = gym.wrappers.RecordVideo(
            gym.make("jit_gym/LostSales-v1", render_mode="rgb_array"), folder, video_length=6
        )
    env.reset(seed=0)
    for _ in range(8):
        env.step(np.zeros(env.action_space.shape, np.float32))
    env.close()
    (file,) = (tmp_path / "video").glob("*.mp4")
    count, seconds = imageio_ffmpeg.count_frames_and_secs(str(file))
    assert (count, round(count / seconds)) == (7, FPS)
    assert next(imageio_ffmpeg.read_frames(str(file)))["size"] == (640, 480)


def test_stable_baselines3_gets_the_picture_of_the_first_row():
    """`render` of its VecEnv returns it, and recording with info="none" does not take the flows away."""
    venv = jit_gym.sb3.vec_env(gym.make_vec("jit_gym/LostSales-v1", num_envs=3, render_mode="rgb_array"))
    venv.seed(4)
    venv.reset()
    venv.step(np.zeros((3, 1), np.float32))
    single = Env(render_mode="rgb_array")
    single.reset(seed=4)
    single.step(np.zeros(1, np.float32))
    assert np.array_equal(venv.render(), single.render())
    with pytest.raises(ValueError, match="render_mode: needs info='all'"):
        venv.envs.set_info("none")
