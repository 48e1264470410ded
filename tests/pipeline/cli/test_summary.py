from __future__ import annotations

import io

from rich.console import Console

from pipeline.cli.summary import _print_rows


def test_summary_keeps_file_names_apart_in_a_narrow_terminal():
    console = Console(width=80, file=io.StringIO())
    row = {
        **{"source": "clients", "public": "Clients", "fichier": "export_2026-01.csv"},
        **{"lignes": 400, "réponses": 800, "verbatims": 646, "écartés": 154, "masqués": 14},
    }
    with console.capture() as told:
        _print_rows(console, "Entrées", [row])
    lines = [line.split("│")[3].strip() for line in told.get().splitlines() if line.startswith("│")]
    assert "".join(lines) == "export_2026-01.csv"
