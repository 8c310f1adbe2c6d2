"""Tasks that tests send to workers, which import them from here."""

import os
import time
import warnings
from pathlib import Path

from jit_gym.common.checks import BadInput
from jit_gym.common.threads import threads


class Odd(Exception):
    """An exception that cannot be made from its text alone."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def square(item, tell):
    tell(item)
    return item * item


def power(exponent, item, tell):
    return item**exponent


def process(item, tell):
    return os.getpid()


def short(item, tell):
    time.sleep(0.005)
    tell(1)
    return item


def refuse(item, tell):
    if item == 3:
        raise BadInput("lanes.a: is wrong, got 3")
    return item


def divide(item, tell):
    return 1 // item


def odd(item, tell):
    raise Odd("what", "happened")


def warn(item, tell):
    warnings.warn(f"a note of {item}", UserWarning, stacklevel=1)


def threads_of(item, tell):
    return threads()


def die(item, tell):
    os._exit(1)


def sleep(item, tell):
    (Path(os.environ["SEEN"]) / str(os.getpid())).touch()
    time.sleep(60)


def slow_square(item, tell):
    """Take two seconds, and leave a file that says on which node of Ray, and which item."""
    import ray

    number, folder = item
    (Path(folder) / f"{ray.get_runtime_context().get_node_id()}.{number}").touch()
    time.sleep(2)
    return number * number
