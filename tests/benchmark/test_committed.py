"""The committed rows of the suite: whose they are, and that they are hit when they are played again."""

from pathlib import Path

import pytest

from jit_gym.benchmark import REGIMES, suite
from jit_gym.benchmark.rows import REFERENCE, read_all
from jit_gym.benchmark.verify import verify
from jit_gym.common.executor import HERE

RESULTS = Path(__file__).parents[2] / "results" / "jit-bench-v1"
SUITE = suite("jit-bench-v1")

pytestmark = pytest.mark.skipif(not RESULTS.is_dir(), reason="no rows are committed yet")


def test_each_row_is_of_the_suite_and_of_a_commit():
    """Each run of it in all regimes, on the suite's paths and in its worlds, and by code without changes."""
    regimes: dict[tuple[str, str, int], set[str]] = {}
    worlds: dict[tuple[str, str], str] = {}
    for row in read_all(RESULTS):
        assert row.suite == SUITE.name
        assert row.instance in SUITE.instances
        assert row.policy == REFERENCE or row.policy in SUITE.policies_of(row.instance)
        place = row.instance, row.regime
        if place not in worlds:
            worlds[place] = SUITE.instances[row.instance].world(row.regime).fingerprint
        assert row.fingerprint == worlds[place]
        assert (row.paths, row.judged_seed) == (SUITE.judging.paths, SUITE.judging.seeds[row.regime])
        assert row.commit not in ("", "None")
        assert not row.commit.endswith("-dirty")
        regimes.setdefault((row.instance, row.policy, row.seed), set()).add(row.regime)
    assert regimes
    assert all(found == set(REGIMES) for found in regimes.values())


@pytest.mark.slow
def test_a_sample_of_the_rows_is_hit():
    assert verify(SUITE, RESULTS, 4, HERE, seed=1).wrong == []
