from __future__ import annotations

import errno
import os

import pytest

from pipeline.cli import app


def test_main_says_so_in_one_line_when_the_disk_is_full(monkeypatch, capsys):
    def write():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/espace/part.parquet")

    monkeypatch.setattr(app, "build_app", lambda modules: write)
    with pytest.raises(SystemExit, match="1"):
        app.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("miroir: the command stopped: expected room on the disk, got none left (/espace/")


def test_main_raises_what_nobody_foresaw(monkeypatch):
    def write():
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(app, "build_app", lambda modules: write)
    with pytest.raises(OSError, match="error"):
        app.main()
