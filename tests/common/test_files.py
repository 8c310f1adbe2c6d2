"""A file is written whole or not at all."""

import os
import stat
import subprocess
import sys

import pytest

from jit_gym.common import files
from jit_gym.common.checks import BadInput


def test_missing_folders_are_made(tmp_path):
    files.write(tmp_path / "a/b/report.html", "whole")
    assert (tmp_path / "a/b/report.html").read_text() == "whole"
    assert os.listdir(tmp_path / "a/b") == ["report.html"]


def test_an_old_file_is_replaced(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    files.write(path, "new")
    assert path.read_text() == "new"


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="disk is full"):
        files.write(path, "new")
    with pytest.raises(OSError, match="disk is full"):
        files.write(tmp_path / "a/b/report.html", "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_check_leaves_nothing(tmp_path):
    files.check(tmp_path / "a/b/report.html")
    assert os.listdir(tmp_path) == []


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="it is not a file"):
        files.check(tmp_path)
    with pytest.raises(OSError, match="there is a file where a folder should be"):
        files.check(tmp_path / "file/report.html")


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path):
    """In a container the ids of processes repeat: a draft named by one blocked the next run for ever."""
    program = "import os, signal, sys; from pathlib import Path; from jit_gym.common import files\n"
    program += "files.os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    program += "files.write(Path(sys.argv[1]), 'new')"
    path = tmp_path / "report.html"
    (tmp_path / f".report.html.{os.getpid()}.tmp").write_text("left by a run with this id")
    assert subprocess.run([sys.executable, "-c", program, str(path)]).returncode == -9
    files.write(path, "whole")
    assert path.read_text() == "whole"
    assert len(os.listdir(tmp_path)) == 3  # and the drafts of those that were killed


def test_a_link_is_not_written_through(tmp_path):
    """With a link in the place of a report, a stranger would choose which file it overwrites."""
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "report.html").symlink_to("precious")
    (tmp_path / "dangling.html").symlink_to("nowhere")
    for name in ("report.html", "dangling.html"):
        with pytest.raises(OSError, match=rf"cannot write .*{name}: it is a link \(name the file itself"):
            files.write(tmp_path / name, "new")
    assert (tmp_path / "precious").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["dangling.html", "precious", "report.html"]
    (tmp_path / "folder").mkdir()
    (tmp_path / "linked").symlink_to("folder")
    files.write(tmp_path / "linked" / "report.html", "new")  # a folder may be a link: its owner made it
    assert (tmp_path / "folder" / "report.html").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o666])
def test_the_mode_of_a_file_stays_and_a_new_one_gets_the_umask(tmp_path, mode: int):
    path = tmp_path / "report.html"
    before = os.umask(0o027)
    try:
        files.write(path, "new")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(mode)
        files.write(path, "newer")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert path.read_text() == "newer"


def test_a_lone_surrogate_does_not_lose_a_run(tmp_path):
    files.write(tmp_path / "report.html", "caf\u00e9 \ud800 \udcff")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "caf\u00e9 ? ?"


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name: str):
    with pytest.raises(OSError, match="cannot write ") as caught:
        files.write(tmp_path / name, "new")
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_a_row_takes_the_place_of_the_one_with_its_key_only_if_told(tmp_path):
    """Rows are kept by key, in its order; a new file begins with the names of the columns."""
    path, columns = tmp_path / "rows.csv", ["name", "seed", "cost"]
    for name, seed, cost in (("b", 0, 2.5), ("a", 1, 3.5)):
        files.add_row(path, columns, columns[:2], {"name": name, "seed": seed, "cost": cost})
    again, before = {"name": "b", "seed": 0, "cost": 1.5}, path.read_text()
    with pytest.raises(
        BadInput, match=r"rows\.csv: has a row of b, 0 already, which stays as it is \(add --replace\)$"
    ):
        files.add_row(path, columns, columns[:2], again)
    assert path.read_text() == before
    rows = files.add_row(path, columns, columns[:2], again, replace=True)
    assert path.read_text() == "name,seed,cost\na,1,3.5\nb,0,1.5\n"
    assert rows == [{"name": "a", "seed": "1", "cost": "3.5"}, {"name": "b", "seed": "0", "cost": "1.5"}]


def test_a_text_is_filled_in_between_its_marks(tmp_path):
    """What stands between the marks is replaced, and nothing else; a file without them is refused."""
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- table -->\nold\n<!-- end of table -->\nafter\n")
    for _ in range(2):
        files.fill(path, "table", "new\n")
    assert path.read_text() == "before\n<!-- table -->\nnew\n<!-- end of table -->\nafter\n"
    with pytest.raises(ValueError, match="has no place for it"):
        files.fill(path, "figures", "new")


def test_a_folder_is_written_whole_or_not_at_all(tmp_path):
    files.write_folder(tmp_path / "a/b", {"page.html": "whole", "more/data.bin": b"\x00"})
    assert (tmp_path / "a/b/more/data.bin").read_bytes() == b"\x00"
    assert os.listdir(tmp_path / "a") == ["b"]
    with pytest.raises(OSError, match="cannot write"):
        files.write_folder(tmp_path / "c/d", {"page": "a file", "page/more": "where a folder should be"})
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_has_files_stays_as_it_is(tmp_path):
    with pytest.raises(BadInput, match="has files already"):
        files.write_folder(tmp_path.parent, {"page.html": "new"})
    (tmp_path / "file").write_text("old")
    with pytest.raises(BadInput, match="is no folder"):
        files.write_folder(tmp_path / "file", {"page.html": "new"})
    (tmp_path / "empty").mkdir()
    files.write_folder(tmp_path / "empty", {"page.html": "new"})
    assert os.listdir(tmp_path / "empty") == ["page.html"]
