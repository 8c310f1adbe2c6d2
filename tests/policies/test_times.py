"""Networks compute the same digits whatever the number of BLAS threads."""

import os
import subprocess
import sys

PROGRAM = """
import hashlib
import numpy as np
from jit_gym.policies.trained import times
random, found = np.random.default_rng(0), hashlib.sha256()
for rows in (1, 3, 511, 4096):
    for inputs, outputs in ((6, 32), (33, 64), (64, 64), (150, 256), (256, 1)):
        x = random.normal(size=(rows, inputs)).astype(np.float32)
        found.update(times(x, random.normal(size=(outputs, inputs)).astype(np.float32)).tobytes())
print(found.hexdigest())
"""


def test_the_number_of_blas_threads_changes_nothing():
    said = set()
    for count in ("1", "2", "3"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": count, "OMP_NUM_THREADS": count}
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
    assert len(said) == 1
