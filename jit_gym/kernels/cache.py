"""Compile functions, and keep what is compiled on disk, in a cache that can be trusted."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import numba
import numpy as np
from numba import njit
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

config: Any = numba.config  # Numba's types know nothing of settings that come from the environment

FunctionCache: Any = object
try:
    from numba.core.caching import FunctionCache
    from numba.core.serialize import dumps
except ImportError:  # another Numba than those that were tried: nothing is kept
    pass


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function of numbers and arrays when it is first called, and keep the result on disk.

    Numba renews what it keeps when the function's own file changes; but a kernel is mostly what it calls, so here any
    change in the rooms that hold kernels renews it. Where nothing can be kept it is compiled in each process, with a
    warning; with NUMBA_DISABLE_JIT=1 it stays plain Python.
    """
    if config.DISABLE_JIT:
        return np.errstate(all="ignore")(function)  # compiled code does not warn of overflows either
    dispatcher: Any = njit(error_model="numpy", nogil=True)(function)
    dispatcher._cache = _cache_of(function)
    return dispatcher


def inlined(function: Callable[..., Any]) -> Any:
    """Have Numba write a function into the compiled ones that call it, which are compiled with it at once.

    What is linked instead is optimised for itself, and again wherever it is linked: for a period that takes seconds.
    """
    return function if config.DISABLE_JIT else njit(inline="always")(function)


def _cache_of(function: Callable[..., Any]) -> Any:
    """Return where a function's compiled form is kept."""
    try:
        return _Cache(function)
    except RuntimeError:  # Numba's, where no folder can be written
        return _NoCache(function, "no folder for it can be written (name one in NUMBA_CACHE_DIR)")
    except (AttributeError, TypeError):  # another Numba than those that were tried
        return _NoCache(function, f"Numba {numba.__version__} has another cache than the versions that were tried")


ROOMS = ("kernels", "chance", "physics", "envs", "theory")
"""Folders with functions that compiled code calls; a compiled form is renewed when any file in them changes."""


@cache
def _sources(own: Path) -> str:
    package = Path(__file__).parents[1]
    files = sorted({own, *(file for room in ROOMS for file in (package / room).glob("*.py"))})
    stats = ((file.name, file.stat()) for file in files)
    return repr([(name, stat.st_mtime_ns, stat.st_size) for name, stat in stats])


_warned: set[str] = set()


def _warn(kind: str, text: str) -> None:
    """Warn once a process of each kind of trouble, however many functions have it."""
    if kind not in _warned:
        _warned.add(kind)
        warnings.warn(text, UserWarning, stacklevel=2)


_listeners: list[Callable[[str], Any]] = []

WRITERS = "machine_code.py", "instructions.py"
"""What writes machine code; the key of a program tells all else of it."""

WHAT = {
    "chance": "what draws traces",
    "kernels": "this world's programs",
    "physics": "the period",
    "theory": "what solves and searches",
}
"""What the functions of each of the ROOMS are for, in words for whoever waits."""


def before_compiling(tell: Callable[[str], Any]) -> None:
    """Have something told what is compiled, before that, where no compiled form is kept: it takes seconds."""
    _listeners.append(tell)


def _announce(function: Callable[..., Any]) -> None:
    room = function.__module__.split(".")[-2:][0]
    for tell in _listeners:
        tell(WHAT.get(room, function.__name__))


def machine_code(key: Any, write: Callable[[Any, str], None]) -> int:
    """Return the address of a function in machine code.

    Args:
        key: what tells the function from all others; one that was kept on disk under it is taken from there.
        write: writes the function of a given name into a module of `llvmlite.ir`.
    """
    with global_compiler_lock:
        return _machine_code(key, write)


def _machine_code(key: Any, write: Callable[[Any, str], None]) -> int:
    import llvmlite.binding as llvm
    from llvmlite import ir

    engine, machine = _engine()
    key = repr((key, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()))
    if (known := _addresses.get(key)) is not None:
        return known
    name, files = f"play_{_digest(key.encode()).hex()}", _files_of_machine_code()
    code = None
    try:
        code = files and files.load(key)
    except Exception as error:  # unpickling may raise nearly anything
        _warn("damaged", f"compiled code that was kept cannot be used, and is compiled again ({error!r})")
    if code is None:
        _announce(machine_code)
        module = ir.Module(name)
        write(module, name)
        code = machine.emit_object(llvm.parse_assembly(str(module)))
        try:
            if files is not None:
                files.save(key, code)
        except Exception as error:  # a full disk, a folder that is gone
            _warn("kept", f"compiled code is not kept, so each process compiles it again: {error}")
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _addresses[key] = int(engine.get_function_address(name))
    return _addresses[key]


_addresses: dict[str, int] = {}  # of what is linked into this process


@cache
def _engine() -> tuple[Any, Any]:
    """Return what links machine code into this process, and what writes it for its processor."""
    import llvmlite.binding as llvm

    cpu_target.target_context.codegen()  # initialises LLVM, as each version of it needs
    features = llvm.get_host_cpu_features().flatten()
    target, cpu = llvm.Target.from_default_triple(), llvm.get_host_cpu_name()
    machines = [target.create_target_machine(cpu=cpu, features=features, opt=1, jit=True) for _ in range(2)]
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machines[0]), machines[1]


@cache
def _files_of_machine_code() -> _Files | None:
    """Return where machine code is kept, or None where nothing can be."""
    kept = _cache_of(machine_code)
    if isinstance(kept, _NoCache):
        kept.save_overload(None, None)  # warns
        return None
    writers = (Path(__file__).with_name(name).stat() for name in WRITERS)
    stamps = " ".join(f"{writer.st_mtime_ns} {writer.st_size}" for writer in writers)
    return _Files(Path(kept.cache_path), "play", f"{numba.__version__} {stamps}")


class _NoCache:
    """Keeps nothing, and says why when something has been compiled."""

    cache_path = None

    def __init__(self, function: Callable[..., Any], why: str) -> None:
        self._function, self._why = function, why

    def load_overload(self, sig: Any, target_context: Any) -> None:
        _announce(self._function)

    def save_overload(self, sig: Any, data: Any) -> None:
        _warn("kept", f"compiled code is not kept, so each process compiles it again: {self._why}")

    def flush(self) -> None:
        pass


class _Cache(FunctionCache):
    """Numba's cache of one function, which neither ends a program where it fails nor runs what is damaged."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._function = function
        checked = "-checked" if config.BOUNDSCHECK else ""  # other machine code for the same types
        stamp = f"{numba.__version__} {_sources(Path(function.__code__.co_filename))}"
        if not hasattr(self, "_cache_file"):
            raise AttributeError("_cache_file: this Numba keeps its files elsewhere")
        self._cache_file = _Files(Path(self._cache_path), self._impl.filename_base + checked, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        kept = None
        try:
            kept = super().load_overload(sig, target_context)
        except Exception as error:  # unpickling and linking may raise nearly anything
            _warn("damaged", f"compiled code that was kept cannot be used, and is compiled again ({error!r})")
        if kept is None:
            _announce(self._function)
        return kept

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception as error:  # a full disk, a folder that is gone
            _warn("kept", f"compiled code is not kept, so each process compiles it again: {error}")


class _Files:
    """The compiled forms of one function: a file for each signature and machine, which ends with a digest.

    Numba's own files have no digest: one that was cut raises while it is unpickled, and a flipped bit in machine code
    is run. They also have an index, in which two processes that write at the same time can mix up each other's files.
    """

    def __init__(self, folder: Path, name: str, stamp: str) -> None:
        self._folder, self._name, self._stamp = folder, name, stamp

    def load(self, key: Any) -> Any:
        """Return what was saved under a key, or None; of what is damaged or somebody else's, None and a warning."""
        path = self._path(key)
        try:
            data, owner = path.read_bytes(), path.stat().st_uid
        except FileNotFoundError:
            return None
        if owner not in _trusted():
            _warn("foreign", f"{path} belongs to another user: what was compiled is compiled again")
            return None
        body, digest = data[:-DIGEST], data[-DIGEST:]
        if _digest(body) != digest:
            _warn("damaged", f"{path} is damaged: what was compiled is compiled again")
            return None
        mark = self._mark(key)
        return pickle.loads(body[len(mark) :]) if body.startswith(mark) else None

    def save(self, key: Any, data: Any) -> None:
        """Save what was compiled, in the place of what is there."""
        body = self._mark(key) + dumps(data)
        path = self._path(key)
        draft = path.with_suffix(f".{uuid4().hex[:16]}.tmp")
        try:
            draft.write_bytes(body + _digest(body))
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def flush(self) -> None:
        """Forget all that was saved."""
        for path in self._folder.glob(f"{self._name}.*.nbc"):
            path.unlink(missing_ok=True)

    def _mark(self, key: Any) -> bytes:
        """Return what a file begins with: whose it is, and of which sources, before anything is unpickled."""
        return _digest(repr((self._stamp, key)).encode())

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._name}.{_digest(repr(key).encode()).hex()}.nbc"


@cache
def _trusted() -> frozenset[int]:
    """Return the users whose files are run: who runs this process, who installed this library, and the system."""
    own = os.geteuid() if hasattr(os, "geteuid") else 0  # Windows, where files tell no owner
    return frozenset({own, Path(__file__).stat().st_uid, 0})


DIGEST = 16  # bytes


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST).digest()
