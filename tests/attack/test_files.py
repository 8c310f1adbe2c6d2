"""Whatever lies on disk, damaged or cut off by a kill, is refused in one line or made anew; it is never played."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jit_gym.policies import policy
from jit_gym.scenario import BadInput, load
from jit_gym.theory import solve

from . import mutations

SEED = int(os.environ.get("JIT_GYM_SEED", "0"))
LATE = {"lanes.supplier.lead_time": {"name": "randint", "low": 1, "high": 5}}
GENERALISTS = {
    "generalist-one-supplier": load("lost-sales", {"lanes.supplier.lead_time": 8}),
    "generalist-random-lead-times": load("lost-sales", LATE),
    "generalist-fixed-cost-random-lead-times": load("lost-sales", {**LATE, "lanes.supplier.fixed_cost": 20}),
    "generalist-two-suppliers": load("dual-sourcing"),
}
MODELS = sorted((Path(__file__).parents[2] / "agents/models").rglob("*.safetensors"))
SMALL = {"lanes.supplier.lead_time": 1}


def attack_models(count: int, seed: int, folder: Path) -> None:
    """Damage models and an optimum; whatever differs from what was written must be refused in a line that names it."""
    optimum = folder / "optimum.npz"
    solve(load("lost-sales", SMALL)).save(optimum)
    for k in range(count):
        rng = random.Random(f"{seed} model {k}")
        path = rng.choice([*MODELS, optimum])
        whole = path.read_bytes()
        damaged = mutations.file(whole, rng, others=[each.read_bytes() for each in rng.sample(MODELS, 2)])
        if damaged in (whole, *(each.read_bytes() for each in MODELS)):
            continue
        draft = folder / f"damaged{path.suffix}"
        draft.write_bytes(damaged)
        known = {**GENERALISTS, optimum.stem: load("lost-sales", SMALL)}
        world = known.get(path.stem) or load(path.parent.name)
        text = str(draft) if path == optimum else f"agent:{draft}"
        what = f"seed {seed}, model {k}: {path.name} of {path.parent.name}"
        with pytest.raises(BadInput) as caught:
            policy(text, world)
        assert str(draft) in str(caught.value), what
        assert "\n" not in str(caught.value), what


def test_a_few_damaged_models_are_refused(tmp_path: Path):
    attack_models(60, SEED, tmp_path)


@pytest.mark.slow
def test_many_damaged_models_are_refused(tmp_path: Path):
    attack_models(700, SEED + 1, tmp_path)


COMPARE = ["compare", "lost-sales", "base-stock", "just-in-case", "--paths", "8", "--periods", "20", "--no-gap"]


def command(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start a command in a folder, with its compiled code in another."""
    return subprocess.Popen(
        [sys.executable, "-m", "jit_gym", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=os.environ | {"NUMBA_CACHE_DIR": str(folder / "compiled")},
        start_new_session=True,
    )


def answer(folder: Path, *words: str) -> tuple[list[str], list[str]]:
    """Return the lines that a command prints, but for the date, and those that it says beside; it must succeed."""
    child = command(folder, *words)
    out, error = child.communicate(timeout=120)
    assert child.returncode == 0, error
    return [line for line in out.splitlines() if '"date": "' not in line], error.splitlines()


@pytest.mark.slow
def test_many_damaged_caches_are_healed(tmp_path: Path):
    """A damaged cache of compiled code changes no figure; one line tells of it, and the next command finds it whole."""
    words = [*COMPARE, "--json"]
    usual, _ = answer(tmp_path, *words)
    kept = sorted((tmp_path / "compiled").rglob("*.nbc"))
    for k in range(40):
        rng = random.Random(f"{SEED} cache {k}")
        path = rng.choice(kept)
        whole = path.read_bytes()
        damaged = mutations.file(whole, rng, others=[rng.choice(kept).read_bytes()])
        path.write_bytes(damaged)
        out, said = answer(tmp_path, *words)
        what = f"seed {SEED}, cache {k}: {path.name}\n{said}"
        assert out == usual, what
        assert len([line for line in said if "damaged" in line]) <= 1, what
        assert not [line for line in said if not line.startswith("jit-gym: ")], what
        assert answer(tmp_path, *words) == (usual, []), what
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "target", "end"),
    [
        ([*COMPARE, "--report", "report.html"], "report.html", b"</html>"),
        (["solve", "lost-sales", "--set", "lanes.supplier.lead_time=2", "--save", "optimum.npz"], "optimum.npz", b""),
        (["new", "mine.yaml"], "mine.yaml", b"\n"),
    ],
)
def test_kills_leave_files_whole_or_not_at_all(words: list[str], target: str, end: bytes, tmp_path: Path):
    """SIGKILL at ten random moments, some while it compiles: no half file, and the same command then succeeds."""
    answer(tmp_path, *words)
    (tmp_path / target).unlink()
    begin = time.monotonic()
    answer(tmp_path, *words)
    lasts = time.monotonic() - begin
    whole = (tmp_path / target).read_bytes()
    for k in range(10):
        rng = random.Random(f"{SEED} kill {k}")
        (tmp_path / target).unlink(missing_ok=True)
        if k % 3 == 0:
            for path in (tmp_path / "compiled").rglob("*.nbc"):
                path.unlink()
        child = command(tmp_path, *words)
        time.sleep(rng.uniform(0, 1.2 * lasts))
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        if (tmp_path / target).exists():
            assert (tmp_path / target).read_bytes().endswith(end), f"seed {SEED}, kill {k}"
            assert len((tmp_path / target).read_bytes()) == len(whole), f"seed {SEED}, kill {k}"
            (tmp_path / target).unlink()
        answer(tmp_path, *words)
        assert len((tmp_path / target).read_bytes()) == len(whole), f"seed {SEED}, kill {k}"
