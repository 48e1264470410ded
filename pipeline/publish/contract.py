"""The contract of a release: Open Data Contract Standard v3 and Frictionless data package, from the schemas.

Both are generated from the Arrow schemas of the tables (`pipeline/schema.py`) and the meanings of
`pipeline/publish/columns.py`. The version is semantic: a reader's code breaks with a major one only;
`docs/contract/contract.odcs.yaml` is the last one published, and a test compares.

Source: https://bitol-io.github.io/open-data-contract-standard/ and https://specs.frictionlessdata.io/data-package/
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from pipeline.config import PublishConfig
from pipeline.publish.columns import TABLES, Meaning, meaning_of

CONTRACT_VERSION = "1.0.0"
ODCS_VERSION = "v3.1.0"
CONTRACT_FILE = "contract.odcs.yaml"
PACKAGE_FILE = "datapackage.json"
MISSING = ""

# Arrow type → (ODCS logical type, Frictionless type).
_TYPES: tuple[tuple[Any, str, str], ...] = (
    (pa.types.is_boolean, "boolean", "boolean"),
    (pa.types.is_integer, "integer", "integer"),
    (pa.types.is_floating, "number", "number"),
    (pa.types.is_date, "date", "date"),
    (pa.types.is_string, "string", "string"),
    (pa.types.is_large_string, "string", "string"),
)

# Rules of a table of figures: SQL that counts the rows that break one.
RULES: dict[str, tuple[str, str]] = {
    "interval_holds_value": ("low > value OR high < value", "The interval holds the value"),
    "hidden_is_hidden": (
        "suppressed AND (value IS NOT NULL OR low IS NOT NULL OR n_verbatims IS NOT NULL)",
        "A suppressed figure shows neither value nor counts",
    ),
    "missing_is_explained": ("value IS NULL AND reason IS NULL", "A missing value has a reason"),
}


def contract_files(
    schemas: Mapping[str, pa.Schema], dimensions: Sequence[str], config: PublishConfig
) -> dict[str, bytes]:
    """Write the contract and the data package of a release.

    Args:
        schemas: Table → schema.
        dimensions: Declared dimensions.
        config: Title, owner, how often a release is due.

    Returns:
        File name → content.
    """
    contract = build_contract(schemas, tuple(dimensions), config)
    package = build_package(schemas, tuple(dimensions), config)
    return {
        CONTRACT_FILE: yaml.safe_dump(contract, allow_unicode=True, sort_keys=False, width=110).encode(),
        PACKAGE_FILE: (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode(),
    }


def build_contract(
    schemas: Mapping[str, pa.Schema], dimensions: tuple[str, ...], config: PublishConfig
) -> dict[str, Any]:
    """Build the ODCS document."""
    contract: dict[str, Any] = {
        "apiVersion": ODCS_VERSION,
        "kind": "DataContract",
        "id": "urn:miroir:release",
        "name": config.title,
        "version": CONTRACT_VERSION,
        "status": "active",
        "dataProduct": "Miroir",
        "description": {
            "purpose": "What customers and employees write: figures with intervals, held up to each other.",
            "usage": "Read the pointer releases/current.json, its manifest, then tables; or the read API.",
            "limitations": "Small groups are hidden. An estimate without interval has reason no_calibration. "
            "Links and drivers are leads, not causes.",
        },
        "servers": [
            {"server": "release", "type": "local", "path": "tables/*.parquet", "format": "parquet"},
        ],
        "schema": [
            _odcs_table(name, schema, dimensions) for name, schema in schemas.items() if name in TABLES
        ],
        "team": {"name": config.owner},
    }
    if config.expected_every_hours is not None:
        hours = config.expected_every_hours
        contract["slaProperties"] = [
            {"property": "frequency", "value": hours, "unit": "h", "element": "measures.period"},
            {"property": "latency", "value": hours, "unit": "h", "element": "measures.period"},
        ]
    return contract


def _odcs_table(name: str, schema: pa.Schema, dimensions: tuple[str, ...]) -> dict[str, Any]:
    table: dict[str, Any] = {
        "name": name,
        "physicalName": f"tables/{name}.parquet",
        "physicalType": "parquet",
        "logicalType": "object",
        "description": TABLES[name],
        "dataGranularityDescription": "One row a figure" if "value" in schema.names else "One row an entry",
        "properties": [_odcs_column(field, dimensions) for field in schema],
    }
    if "suppressed" in schema.names:
        table["quality"] = [
            {
                "name": rule,
                "description": text,
                "type": "sql",
                "dimension": "consistency",
                "severity": "error",
                "query": f"SELECT COUNT(*) FROM {name} WHERE {condition}",
                "mustBe": 0,
            }
            for rule, (condition, text) in RULES.items()
        ]
    return table


def _odcs_column(field: pa.Field, dimensions: tuple[str, ...]) -> dict[str, Any]:
    meaning = meaning_of(field.name, dimensions)
    column: dict[str, Any] = {
        "name": field.name,
        "logicalType": _logical(field.type)[0],
        "physicalType": str(field.type),
        "required": not field.nullable,
        "description": meaning.text,
    }
    bounds = {"minimum": meaning.low, "maximum": meaning.high}
    options = {name: bound for name, bound in bounds.items() if bound is not None}
    if options:
        column["logicalTypeOptions"] = options
    if meaning.unit:
        column["customProperties"] = [{"property": "unit", "value": meaning.unit}]
    if meaning.allowed:
        column["quality"] = [_allowed_rule(meaning)]
    return column


def _allowed_rule(meaning: Meaning) -> dict[str, Any]:
    return {
        "type": "library",
        "metric": "invalidValues",
        "arguments": {"validValues": list(meaning.allowed)},
        "mustBe": 0,
    }


def build_package(
    schemas: Mapping[str, pa.Schema], dimensions: tuple[str, ...], config: PublishConfig
) -> dict[str, Any]:
    """Build the data package over the CSV twins."""
    return {
        "profile": "tabular-data-package",
        "name": "miroir",
        "title": config.title,
        "version": CONTRACT_VERSION,
        "resources": [
            {
                "name": name.replace("_", "-"),
                "path": f"tables/{name}.csv",
                "profile": "tabular-data-resource",
                "description": TABLES[name],
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8-sig",
                "dialect": {"delimiter": ";", "lineTerminator": "\r\n", "header": True},
                "schema": {
                    "fields": [_package_field(field, dimensions) for field in schema],
                    "missingValues": [MISSING],
                },
            }
            for name, schema in schemas.items()
            if name in TABLES
        ],
    }


def _package_field(field: pa.Field, dimensions: tuple[str, ...]) -> dict[str, Any]:
    meaning = meaning_of(field.name, dimensions)
    kind = _logical(field.type)[1]
    found: dict[str, Any] = {"name": field.name, "type": kind, "description": meaning.text}
    if kind == "number":
        found["decimalChar"] = ","
    if kind == "boolean":
        found |= {"trueValues": ["oui"], "falseValues": ["non"]}
    constraints: dict[str, Any] = {"required": True} if not field.nullable else {}
    if meaning.low is not None:
        constraints["minimum"] = meaning.low
    if meaning.high is not None:
        constraints["maximum"] = meaning.high
    if meaning.allowed:
        constraints["enum"] = list(meaning.allowed)
    return found | ({"constraints": constraints} if constraints else {})


def _logical(kind: pa.DataType) -> tuple[str, str]:
    for is_kind, odcs, frictionless in _TYPES:
        if is_kind(kind):
            return odcs, frictionless
    raise TypeError(f"a published column has a plain type, got {kind}")


def breaking_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """List what a reader of the older contract would miss in the newer one.

    Args:
        before: ODCS document.
        after: ODCS document.

    Returns:
        Tables and columns that went, columns of another type, or that may now be null.
    """
    found = []
    new_tables = {table["name"]: table for table in after["schema"]}
    for table in before["schema"]:
        name = table["name"]
        if name not in new_tables:
            found.append(f"table {name} is gone")
            continue
        columns = {column["name"]: column for column in new_tables[name]["properties"]}
        for column in table["properties"]:
            now = columns.get(column["name"])
            if now is None:
                found.append(f"column {name}.{column['name']} is gone")
            elif now["physicalType"] != column["physicalType"]:
                found.append(
                    f"column {name}.{column['name']} was {column['physicalType']}, is {now['physicalType']}"
                )
            elif column["required"] and not now["required"]:
                found.append(f"column {name}.{column['name']} may now be null")
    return found


def needed_version(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Say the least version that a contract must have after another.

    Returns:
        The older version; its major part is raised after a breaking change, its minor part after an
        addition.
    """
    major, minor, _ = (int(part) for part in str(before["version"]).split("."))
    if breaking_changes(before, after):
        return f"{major + 1}.0.0"
    if breaking_changes(after, before):
        return f"{major}.{minor + 1}.0"
    return str(before["version"])
