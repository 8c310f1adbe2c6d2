"""Plot a learning curve over seeds: the interquartile mean and its bootstrap interval."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from jit_gym.common import files
from jit_gym.common.checks import one_line
from jit_gym.common.renamed import renamed
from jit_gym.common.statistics import bootstrap, interquartile_mean
from jit_gym.scenario import BadInput


def plot(folder: Path, runs: Sequence[Path], title: str, rule: str, rule_cost: float, unit: str) -> Path:
    """Plot the cost of each evaluation of some runs over the units trained, and return the file.

    Args:
        folder: where `curve.png` is written.
        runs: the folder of each seed, with its `evaluations.npz`.
        title: the name of the agent.
        rule: the name of the rule that the agent is compared with.
        rule_cost: the rule's cost a period, less revenue: a dashed line.
        unit: what the agent's budget counts.

    Raises:
        BadInput: in one line, for a file of evaluations that is damaged.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    curves = [evaluations(run / "evaluations.npz") for run in runs]
    length = min(len(costs) for _, costs in curves)
    at = curves[0][0][:length]
    costs = np.array([costs[:length] for _, costs in curves])  # (seeds, evaluations)
    low, high = zip(*(bootstrap(column) for column in costs.T), strict=True)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.fill_between(at, low, high, alpha=0.25, linewidth=0)
    many = f"{title}, the middle half of {len(costs)} seeds and its 95 % interval"
    label = many if len(costs) > 1 else f"{title}, one seed"
    axes.plot(at, [interquartile_mean(column) for column in costs.T], marker=".", label=label)
    axes.axhline(rule_cost, color="black", linestyle="--", linewidth=1, label=rule)
    axes.set(xlabel=f"{unit} of training", ylabel="cost a period, less revenue")
    axes.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    plt.close(figure)
    path = folder / "curve.png"
    files.write(path, buffer.getvalue())
    return path


def evaluations(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return at how many units a run was evaluated (evaluations,), and the costs (evaluations,).

    Raises:
        BadInput: in one line, for a file that is damaged.
    """
    try:
        with np.load(file, allow_pickle=False) as saved:
            at, costs = saved["timesteps"].astype(float), saved["costs"].astype(float)
        if at.ndim != 1 or at.shape != costs.shape:
            raise ValueError(f"there are costs of shape {costs.shape} at steps of shape {at.shape}")
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{file}: is damaged ({one_line(error)}; the models that were trained are not)") from None
    return at, costs


__getattr__ = renamed(__name__, {"draw": "plot"})
