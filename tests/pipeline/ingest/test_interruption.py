"""A killed ingest leaves nothing that a reader takes for a batch, and the same command mends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from pipeline.workspace import Workspace

PROGRAM = """
import sys
from pathlib import Path
import pipeline.ingest.batch_writer, pipeline.ingest.delimited
from pipeline.config import SourceConfig
from pipeline.ingest.batches import find_inputs, ingest_input
from pipeline.workspace import Workspace

pipeline.ingest.batch_writer.PART_ROWS = 200
pipeline.ingest.delimited.CHUNK_ROWS = 100
source = SourceConfig(name="essai", audience="customer", path=sys.argv[1], text="Avis", respondent="Id")
(item,) = find_inputs(source, Path())
print("started", flush=True)
report = ingest_input(Workspace(sys.argv[2]), source, item, b"a secret of thirty-two bytes, ok")
print(report.batch_id, flush=True)
"""


def _start(path: Path, workspace: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(path), str(workspace)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])


def _files(workspace: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(workspace)): path.read_bytes() for path in workspace.rglob("*") if path.is_file()
    }


def test_ingest_gives_the_same_bytes_when_it_was_killed(tmp_path):
    path = tmp_path / "avis.csv"
    lines = "".join(f"P{i};avis numéro {i}, merci à Mme Durand\n" for i in range(1_200))
    path.write_text("Id;Avis\n" + lines + "P1;\n", encoding="utf-8")
    whole = _start(path, tmp_path / "whole")
    batch_id = whole.communicate(timeout=120)[0].split()[-1]
    random = Random(5)
    n_killed = 0
    killed = tmp_path / "killed"
    for _ in range(3):
        process = _start(path, killed)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0.0, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        n_killed += process.wait() == -signal.SIGKILL
        process.stdout.close()
        folder = Workspace(str(killed))
        for name in folder.names("batches"):
            # Its marker is there: then everything is.
            if folder.exists("batches", name, "batch.json"):
                marker = folder.read_json("batches", name, "batch.json")
                assert len(folder.names("batches", name, "verbatims")) == marker["n_parts"]

    again = _start(path, killed)
    assert again.communicate(timeout=120)[0].split()[-1] == batch_id
    assert n_killed >= 1
    assert _files(killed) == _files(tmp_path / "whole")
