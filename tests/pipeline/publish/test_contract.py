import copy
import importlib.resources
import json
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml

from bench.authored_release import LINEAGE
from pipeline import schema
from pipeline.codebook import read_codebook
from pipeline.config import PublishConfig
from pipeline.publish.columns import TABLES, meaning_of
from pipeline.publish.contract import (
    RULES,
    breaking_changes,
    build_contract,
    contract_files,
    needed_version,
)
from pipeline.publish.describing import describing_tables
from pipeline.publish.release import write_release
from pipeline.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
PUBLISHED = ROOT / "docs" / "contract" / "contract.odcs.yaml"
DIMENSIONS = ("region", "unit")


def all_schemas(dimensions=DIMENSIONS):
    return {
        "measures": schema.measure_schema(dimensions),
        "mirror": schema.mirror_schema(dimensions),
        "drivers": schema.drivers_schema(dimensions),
        "links": schema.links_schema(dimensions),
        "changes": schema.changes_schema(dimensions),
        "alerts": schema.alerts_schema(dimensions),
        "quotes": schema.quotes_schema(dimensions),
        "quality": schema.QUALITY,
        "dimensions": schema.DIMENSION_MEMBERS,
        "codebook": schema.CODEBOOK_ENTRIES,
    }


@pytest.fixture(scope="module")
def contract():
    return build_contract(all_schemas(), DIMENSIONS, PublishConfig(expected_every_hours=24))


def test_contract_is_valid_by_the_standards_own_schema(contract):
    standard = json.loads(
        importlib.resources.files("open_data_contract_standard").joinpath("schema.json").read_text()
    )
    jsonschema.validate(contract, standard)


def test_every_published_column_and_table_has_a_meaning():
    for name, each in all_schemas().items():
        assert TABLES[name]
        assert all(meaning_of(column, DIMENSIONS).text for column in each.names)


def test_contract_keeps_its_word_to_the_last_published_one(contract):
    published = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    assert contract["version"] == needed_version(published, contract), (
        f"{breaking_changes(published, contract)}: raise CONTRACT_VERSION and write {PUBLISHED} again"
    )


def test_breaking_changes_are_seen(contract):
    changed = copy.deepcopy(contract)
    measures = next(each for each in changed["schema"] if each["name"] == "measures")
    measures["properties"] = [each for each in measures["properties"] if each["name"] != "low"]
    measures["properties"][0]["physicalType"] = "int64"
    measures["properties"][1]["required"] = False
    changed["schema"] = [each for each in changed["schema"] if each["name"] != "alerts"]
    assert breaking_changes(contract, changed) == [
        "column measures.period was string, is int64",
        "column measures.audience may now be null",
        "column measures.low is gone",
        "table alerts is gone",
    ]
    assert needed_version(contract, changed) == "2.0.0"
    assert needed_version(changed, contract) == "2.0.0"
    added = copy.deepcopy(contract)
    added["schema"][0]["properties"].append({"name": "more", "physicalType": "string", "required": False})
    assert needed_version(contract, added) == "1.1.0"


def test_rules_find_no_fault_in_a_release_and_find_a_planted_one(authored):
    measures = authored["measures"]
    for condition, _ in RULES.values():
        assert duckdb.sql(f"SELECT count(*) FROM measures WHERE {condition}").fetchall() == [(0,)]
    broken = measures.set_column(measures.schema.get_field_index("low"), "low", measures["high"])
    assert broken.num_rows
    condition = RULES["interval_holds_value"][0]
    assert duckdb.sql(f"SELECT count(*) FROM broken WHERE {condition}").fetchall()[0][0] > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_data_package_is_valid_by_frictionless(tmp_path, authored):
    frictionless = pytest.importorskip("frictionless")
    dimensions = ("region", "step", "unit")
    tables = {name: authored[name] for name in ("measures", "drivers")}
    tables["measures"] = tables["measures"].slice(0, 1500)
    tables |= describing_tables(authored["measures"], dimensions, read_codebook())
    files = contract_files(
        {name: table.schema for name, table in tables.items()}, dimensions, PublishConfig()
    )
    workspace = Workspace(str(tmp_path))
    release = write_release(workspace, tables, LINEAGE, files=files)
    package = tmp_path / "releases" / release.release_id / "datapackage.json"
    report = frictionless.validate(str(package))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])[:5]
    assert report.stats["tasks"] == len(tables)
    spoilt = package.parent / "tables" / "measures.csv"
    spoilt.write_text(
        spoilt.read_text(encoding="utf-8-sig").replace("customer", "martien", 1), encoding="utf-8-sig"
    )
    assert not frictionless.validate(str(package)).valid
