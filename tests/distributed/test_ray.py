"""Tasks on a Ray cluster of two nodes on this machine, one of which is lost; left out where Ray is not installed."""

import os
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("ray") is None:
    pytest.skip("needs Ray", allow_module_level=True)

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Ray's own

HERE = Path(__file__).parent
COMMON = HERE.parent / "common"
PROGRAM = """
import sys
from jit_gym.common.executor import Executor
import tasks_of_executor as tasks
for executor in (Executor(), Executor("{on}")):
    told = []
    results = executor.run(tasks.square, range(30), progress=told.append)
    assert results == [k * k for k in range(30)], results
    assert sum(told) == sum(range(30))
    try:
        executor.run(tasks.refuse, range(6))
    except Exception as error:
        print(type(error).__name__, error)
print(Executor("{on}").run(lambda item, tell: item + 1, [1]), Executor("{on}").run(tasks.threads_of, [1]))
"""


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes with two cores each, on this machine."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(COMMON), prepend=os.pathsep)
    monkeypatch.syspath_prepend(str(COMMON))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    memory = {"object_store_memory": 100 << 20}
    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, **memory})
    found.add_node(num_cpus=2, **memory)
    yield found
    import ray

    ray.shutdown()
    found.shutdown()


def program(on: str, **environment: str) -> list[str]:
    """Run PROGRAM in a process of its own, and return the lines that it prints."""
    places = {"PYTHONPATH": str(COMMON), "RAY_USAGE_STATS_ENABLED": "0", **environment}
    command = [sys.executable, "-c", PROGRAM.format(on=on)]
    done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


EXPECTED = [*["BadInput lanes.a: is wrong, got 3"] * 2, "[2] [1]"]


def test_ray_starts_where_there_is_no_cluster():
    assert program("ray") == EXPECTED


def test_a_cluster_is_found_by_its_address(cluster):
    assert program("ray", RAY_ADDRESS=cluster.address) == EXPECTED


def test_a_cluster_that_does_not_answer_is_told():
    """Ray tries for half a minute."""
    with pytest.raises(AssertionError, match=r"BadInput: on: no Ray cluster answers at ray://127.0.0.1:22078"):
        program("ray://127.0.0.1:22078")


def test_a_client_of_a_cluster_elsewhere():
    """`--on ray://HOST:PORT`, against a head that is started as on a real cluster."""
    ray = str(Path(sys.executable).with_name("ray"))
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "the-same-on-every-machine-of-this-test"}
    quiet = os.environ | token | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(COMMON)}
    start = [ray, "start", "--head", "--port=6399", "--num-cpus=2", "--ray-client-server-port=22077"]
    start += ["--include-dashboard=false", f"--object-store-memory={100 << 20}"]
    subprocess.run(start, env=quiet, check=True, capture_output=True, timeout=120)
    try:
        assert program("ray://127.0.0.1:22077", **token) == EXPECTED
    finally:
        subprocess.run([ray, "stop", "--force"], env=quiet, check=True, capture_output=True, timeout=60)


def test_a_lost_node_loses_nothing(cluster, tmp_path):
    """Each task that ran on the node that is killed runs again elsewhere, and each result comes once."""
    import ray
    import tasks_of_executor as tasks

    from jit_gym.common.executor import Executor

    ray.init(address=cluster.address, log_to_driver=False)
    doomed = cluster.add_node(num_cpus=2, object_store_memory=100 << 20)
    cluster.wait_for_nodes()
    came: list[int] = []
    killed = threading.Event()

    def kill_when_it_works() -> None:
        while not [file for file in tmp_path.iterdir() if file.name.startswith(doomed.node_id)]:
            time.sleep(0.05)
        cluster.remove_node(doomed, allow_graceful=False)
        killed.set()

    killer = threading.Thread(target=kill_when_it_works)
    killer.start()
    items = [(k, str(tmp_path)) for k in range(12)]
    results = Executor("ray").run(tasks.slow_square, items, arrived=lambda place, result: came.append(place))
    killer.join()
    assert killed.is_set()
    assert results == [k * k for k in range(12)]
    assert sorted(came) == list(range(12))
    begun = [file.name.partition(".")[2] for file in tmp_path.iterdir()]
    assert len(begun) > len(set(begun)) == 12  # some began twice


def test_a_map_of_a_rule_and_a_network_is_the_same_on_ray(cluster):
    import ray

    import jit_gym
    from jit_gym.common.executor import Executor

    ray.init(address=cluster.address, log_to_driver=False)
    axes = {"x": "demands.customers.distribution.mu=4,5,6", "y": "demands.customers.shortage_cost=4,9"}
    policies = ["base-stock", "agent:lost-sales/dcl"]
    maps = [
        jit_gym.policy_map(policies, "lost-sales", **axes, paths=64, executor=Executor(on)) for on in ("here", "ray")
    ]
    assert maps[0].cells == maps[1].cells


def test_a_rule_that_is_tuned_and_shocks_that_strike_are_the_same_on_ray(cluster, monkeypatch):
    import ray

    import jit_gym
    from jit_gym.common.executor import Executor
    from jit_gym.evaluation import tuning

    monkeypatch.setattr(tuning, "BUDGET", 20_000)  # periods: so that the steps of this short search are sent
    ray.init(address=cluster.address, log_to_driver=False)
    tuned, struck = [], []
    for on in ("here", "ray"):
        best = jit_gym.tune("s-S", "fixed-cost", budget=2_000_000, executor=Executor(on))
        tuned.append((str(best), best.tuning.estimate))
        found = jit_gym.stress(["jit", "just-in-case"], "aisin-1997", ["supplier-fire"], paths=4, executor=Executor(on))
        struck.append([result.mean("cost") for each in found.struck for result in each.results])
    assert tuned[0] == tuned[1]
    assert struck[0] == struck[1]


def test_seeds_that_are_trained_on_ray_are_the_same(cluster, tmp_path):
    pytest.importorskip("torch")
    import numpy as np
    import ray

    import jit_gym
    from jit_gym.agents import program
    from jit_gym.agents.learner import settings_of
    from jit_gym.agents.training import Training, train
    from jit_gym.common.executor import Executor
    from jit_gym.policies.models import Model

    ray.init(address=cluster.address, log_to_driver=False)
    learn, world = program("dcl"), jit_gym.load("lost-sales", {"lanes.supplier.lead_time": 1, "horizon.periods": 20})
    own = {"iterations": 1, "budget": 40, "chunk": 20, "futures": 32, "depth": 8, "epochs": 2}
    settings, models = settings_of(learn, {}, own), []
    for on in ("here", "ray"):
        (tmp_path / on).mkdir()
        (tmp_path / on / "config.yml").write_text("")
        items = [
            Training(learn, world, settings, seed, tmp_path / on / f"seed-{seed}", "", 8, 0, 0, wait=60)
            for seed in (0, 1)
        ]
        Executor(on).run(train, items)
        models.append([Model.read(each.folder / "model.safetensors").arrays for each in items])
    for one, other in zip(*models, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
