import hashlib
import io

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from bench.authored_release import LINEAGE
from pipeline.config import PublishConfig, ServeConfig
from pipeline.errors import ConfigError
from pipeline.publish.health import record_run
from pipeline.publish.pages.view import PAGES
from pipeline.publish.release import current_release, point_to, write_release
from pipeline.serve.app import create_app
from pipeline.workspace import Workspace


@pytest.fixture(scope="module")
def client(published):
    return TestClient(create_app(published))


@pytest.mark.parametrize("path", PAGES.values())
@pytest.mark.parametrize(
    "query", ["", "?period=2026-03&unit=Lyon+01", "?lang=en&region=Bretagne", "?unit=Nulle+part"]
)
def test_page_answers_without_reaching_outside(client, path, query):
    answer = client.get(path + query)
    assert answer.status_code == 200
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text
    assert " style=" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_page_says_what_is_hidden(published, tmp_path, authored):
    frame = pl.from_arrow(authored["measures"]).with_columns(
        pl.when(pl.col("audience") == "employee").then(None).otherwise(pl.col(name)).alias(name)
        for name in ("value", "low", "high")
    )
    hidden = frame.with_columns(
        suppressed=pl.col("audience") == "employee",
        reason=pl.when(pl.col("audience") == "employee").then(pl.lit("protected")),
    )
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, {"measures": hidden.to_arrow()}, LINEAGE))
    page = TestClient(create_app(workspace)).get("/").text
    assert "masqué" in page
    assert "Masqué pour protéger les personnes" in page


def test_pages_answer_with_the_table_of_measures_alone_and_empty_ones(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    tables = {"measures": authored["measures"], "alerts": authored["alerts"].slice(0, 0)}
    point_to(workspace, write_release(workspace, tables, LINEAGE))
    client = TestClient(create_app(workspace))
    assert [client.get(path).status_code for path in PAGES.values()] == [200] * len(PAGES)


def test_table_comes_in_four_formats_with_the_same_rows(client):
    address = "/api/v1/tables/measures?unit=Metz+01&period=2026-03&audience=customer"
    rows = client.get(address).json()["rows"]
    arrow = pa.ipc.open_stream(client.get(address + "&format=arrow").content).read_all()
    parquet = pl.read_parquet(io.BytesIO(client.get(address + "&format=parquet").content))
    text = client.get(address + "&format=csv").content
    assert len(rows) == arrow.num_rows == parquet.height == 22
    assert arrow["value"].to_pylist() == [row["value"] for row in rows] == parquet["value"].to_list()
    assert text.startswith(b"\xef\xbb\xbfperiod;audience;")
    assert text.count(b"\r\n") == 23


def test_filters_take_null_lists_columns_and_pages(client):
    everybody = client.get(
        "/api/v1/tables/measures?unit=null&region=null&step=null&measure=sentiment_net,theme_net"
    )
    assert {row["measure"] for row in everybody.json()["rows"]} == {"sentiment_net", "theme_net"}
    part = client.get("/api/v1/tables/measures?columns=unit,value&limit=3&offset=2")
    assert [list(row) for row in part.json()["rows"]] == [["unit", "value"]] * 3
    assert int(part.headers["x-total-rows"]) > 1000


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("suppressed=False", "suppressed=false"),
        ("suppressed=non", "suppressed=false"),
        ("level=0.950", "level=0.95"),
        ("n_reviewed=00", "n_reviewed=0"),
        ("columns=value,%20unit,value", "columns=value,unit"),
    ],
)
def test_filters_and_columns_are_understood_as_programs_write_them(client, written, meant):
    address = "/api/v1/tables/measures?audience=customer&limit=3&"
    rows = client.get(address + written).json()["rows"]
    assert rows == client.get(address + meant).json()["rows"]
    assert len(rows) == 3


@pytest.mark.parametrize("query", ["suppressed=peut-etre", "level=haut", "n_verbatims=12,5"])
def test_a_filter_that_no_value_of_the_column_can_meet_is_refused(client, query):
    refused = client.get(f"/api/v1/tables/measures?{query}")
    assert refused.status_code == 422
    assert "holds" in refused.json()["detail"]


def test_health_answers_programs_that_ask_for_headers_alone(client):
    answer = client.head("/api/v1/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_unknown_table_and_column_are_named(client):
    assert client.get("/api/v1/tables/salaires").status_code == 404
    refused = client.get("/api/v1/tables/measures?unitt=Lyon")
    assert refused.status_code == 422
    assert "no column «unitt»" in refused.json()["detail"]


def test_odd_questions_are_answered_without_failing(client):
    twice = client.get("/api/v1/tables/measures?columns=unit,unit&limit=1")
    assert [list(row) for row in twice.json()["rows"]] == [["unit"]]
    assert client.get(f"/api/v1/tables/measures?offset={10**26}").status_code == 422


def test_validators_spare_a_second_download_until_the_pointer_moves(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, authored, LINEAGE))
    client = TestClient(create_app(workspace))
    first = client.get("/api/v1/tables/alerts")
    assert (
        client.get("/api/v1/tables/alerts", headers={"If-None-Match": first.headers["etag"]}).status_code
        == 304
    )
    assert first.headers["last-modified"].endswith("GMT")
    point_to(workspace, write_release(workspace, authored, {**LINEAGE, "batches": ["b"]}))
    again = client.get("/api/v1/tables/alerts", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert again.headers["x-release"] == current_release(workspace).release_id


def test_release_tells_its_lineage_but_not_the_configuration(client):
    content = client.get("/api/v1/release").json()
    assert content["tables"]["measures"]["rows"] > 0
    assert "config" not in content["lineage"]


def test_openapi_describes_the_routes(client):
    assert "/api/v1/tables/{name}" in client.get("/openapi.json").json()["paths"]


def test_nothing_is_written(client):
    assert client.post("/api/v1/release").status_code == 405
    assert client.delete("/api/v1/tables/measures").status_code == 405


def test_key_is_needed_where_one_is_configured(published, monkeypatch):
    monkeypatch.setenv("CLE_TABLEAU", "sésame-ouvre-toi")
    other = hashlib.sha256(b"autre").hexdigest()
    serve = ServeConfig(api_keys={"tableau": "env:CLE_TABLEAU", "autre": f"sha256:{other}"})
    client = TestClient(create_app(published, serve))
    assert client.get("/").status_code == 401
    assert "Basic" in client.get("/").headers["www-authenticate"]
    assert client.get("/api/v1/release", headers={"Authorization": "Bearer faux"}).status_code == 401
    assert client.get("/api/v1/release", headers={"X-API-Key": "autre"}).status_code == 200
    assert client.get("/", auth=("moi", "sésame-ouvre-toi")).status_code == 200
    assert client.get("/api/v1/health").status_code == 200


def test_health_tells_problems_only_to_those_who_bear_a_key(tmp_path, authored):
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, authored, LINEAGE))
    record_run(workspace, "a file cannot be opened (paie.xlsx)")
    serve = ServeConfig(api_keys={"autre": f"sha256:{hashlib.sha256(b'autre').hexdigest()}"})
    client = TestClient(create_app(workspace, serve))
    stranger = client.get("/api/v1/health").json()
    assert stranger.keys() == {"state", "age_hours"}
    assert stranger["state"] == "degraded"
    known = client.get("/api/v1/health", headers={"X-API-Key": "autre"}).json()
    assert "paie.xlsx" in known["problems"][0]


def test_opening_to_others_without_a_key_is_refused(published):
    with pytest.raises(ConfigError, match="at least one key"):
        create_app(published, ServeConfig(host="0.0.0.0"))
    with pytest.raises(ConfigError, match="a variable that is set"):
        create_app(published, ServeConfig(api_keys={"a": "env:N_EXISTE_PAS"}))


def test_another_host_name_is_refused(client):
    assert client.get("/", headers={"Host": "ailleurs.example"}).status_code == 400


def test_before_the_first_release_everything_says_so(tmp_path):
    client = TestClient(create_app(Workspace(str(tmp_path))))
    page = client.get("/")
    assert page.status_code == 503
    assert "Rien à montrer pour le moment" in page.text
    assert client.get("/api/v1/release").status_code == 503
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json()["state"]) == (503, "none")


def test_health_says_late(published):
    client = TestClient(create_app(published, publish=PublishConfig(expected_every_hours=1e-9)))
    health = client.get("/api/v1/health").json()
    assert health["state"] == "late"
    assert "run `miroir run`" in health["problems"][0]
    assert "en retard" in client.get("/").text


def test_a_dashboard_program_reads_arrow_into_duckdb(client):
    content = client.get("/api/v1/tables/mirror?format=arrow").content
    mirror = pa.ipc.open_stream(content).read_all()
    found = duckdb.sql("SELECT count(*) FROM mirror WHERE measure = 'gap'").fetchall()[0]
    assert found[0] > 0
    assert mirror.num_rows >= found[0]


@pytest.mark.parametrize("path", ["/", "/miroir", "/themes", "/entites", "/qualite"])
def test_a_figure_of_an_earlier_release_is_said_to_be_one(client, tmp_path, authored, path):
    frame = pl.from_arrow(authored["measures"]).with_columns(reason=pl.lit("held_back"))
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, {**authored, "measures": frame.to_arrow()}, LINEAGE))
    page = TestClient(create_app(workspace)).get(path).text
    assert ("d&#39;une publication" if path == "/qualite" else ">publication précédente</span>") in page
    assert "trop peu de personnes ont changé depuis." in page
    assert "publication précédente" not in client.get(path).text


def test_a_figure_too_unsure_is_said_shortly_and_explained_once(tmp_path, authored):
    frame = pl.from_arrow(authored["measures"]).with_columns(
        *(pl.lit(None, pl.Float64).alias(name) for name in ("value", "low", "high")),
        reason=pl.lit("too_unsure"),
    )
    workspace = Workspace(str(tmp_path))
    point_to(workspace, write_release(workspace, {"measures": frame.to_arrow()}, LINEAGE))
    page = TestClient(create_app(workspace)).get("/incivilites").text
    assert "trop incertain" in page
    assert "relire davantage de verbatims." in page


def test_people_are_refused_on_a_page_and_programs_in_json(client, published):
    for query, title in (("", "Page introuvable"), ("?lang=en", "No such page")):
        page = client.get(f"/tableau-de-bord{query}")
        assert page.status_code == 404
        assert f"<h1>{title}</h1>" in page.text
    assert client.get("/api/v2/release").json() == {"detail": "Not Found"}
    closed = TestClient(
        create_app(published, ServeConfig(api_keys={"a": f"sha256:{hashlib.sha256(b'a').hexdigest()}"}))
    )
    refused = closed.get("/")
    assert (refused.status_code, refused.headers["www-authenticate"][:5]) == (401, "Basic")
    assert "<h1>Accès réservé</h1>" in refused.text
    assert closed.get("/api/v1/release").json() == {"detail": "a key is needed"}
