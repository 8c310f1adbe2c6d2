"""A file is written whole or not at all."""

import os

import pytest

from jit_gym.report import files


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
