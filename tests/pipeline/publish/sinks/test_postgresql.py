import shutil
import subprocess
import threading

import pyarrow as pa
import pytest

from bench.authored_release import LINEAGE, authored_tables
from pipeline.config import PostgresqlSink
from pipeline.errors import SinkError
from pipeline.publish.release import write_release
from pipeline.publish.sinks.postgresql import put_postgresql

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("adbc_driver_postgresql")

SAME = "SELECT (SELECT release_id FROM {0}.release), (SELECT sum(value) FROM {0}.measures)"


def sink(url, schema="miroir"):
    return PostgresqlSink(kind="postgresql", name="base", url=url, db_schema=schema)


def total(workspace, release):
    import pyarrow.compute as pc

    from pipeline.publish.release import read_release_table

    return pc.sum(read_release_table(workspace, release, "measures")["value"]).as_py()


def test_psql_reads_what_was_published(postgresql, two_releases):
    workspace, (first, _) = two_releases
    put_postgresql(workspace, first, sink(postgresql, "lu"))
    psql = shutil.which("psql")
    query = "SELECT count(*), round(sum(value)::numeric, 6) FROM lu.measures"
    answer = subprocess.run(
        [psql, postgresql, "-At", "-c", query], check=True, capture_output=True, text=True
    ).stdout
    count, value = answer.strip().split("|")
    assert int(count) == first.tables["measures"]["rows"]
    assert float(value) == pytest.approx(total(workspace, first), abs=1e-5)


def test_readers_see_one_release_or_the_other_and_their_views_survive(postgresql, two_releases):
    workspace, releases = two_releases
    expected = {each.release_id: total(workspace, each) for each in releases}
    put_postgresql(workspace, releases[0], sink(postgresql, "suivi"))
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute(
            "CREATE VIEW public.net AS SELECT * FROM suivi.measures WHERE measure = 'sentiment_net'"
        )
    seen, stop = [], threading.Event()

    def read():
        with psycopg.connect(postgresql, autocommit=True) as reader:
            while not stop.is_set():
                seen.append(reader.execute(SAME.format("suivi")).fetchone())

    readers = [threading.Thread(target=read) for _ in range(4)]
    for each in readers:
        each.start()
    for turn in range(6):
        put_postgresql(workspace, releases[(turn + 1) % 2], sink(postgresql, "suivi"))
    stop.set()
    for each in readers:
        each.join()
    assert {release_id for release_id, _ in seen} == set(expected)
    assert all(value == pytest.approx(expected[release_id]) for release_id, value in seen)
    with psycopg.connect(postgresql) as owner:
        assert owner.execute("SELECT count(*) > 0 FROM public.net").fetchone() == (True,)


def test_a_long_reader_keeps_its_release_whole(postgresql, two_releases):
    workspace, releases = two_releases
    put_postgresql(workspace, releases[0], sink(postgresql, "long"))
    with psycopg.connect(postgresql) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        before = reader.execute(SAME.format("long")).fetchone()
        put_postgresql(workspace, releases[1], sink(postgresql, "long"))
        assert reader.execute(SAME.format("long")).fetchone() == before


def test_a_new_column_and_a_table_that_went_are_followed(postgresql, two_releases):
    workspace, releases = two_releases
    put_postgresql(workspace, releases[0], sink(postgresql, "forme"))
    table = pa.table({"period": ["2026-03"], "autre": [1.5]})
    changed = write_release(workspace, {"measures": table}, {**LINEAGE, "batches": ["forme"]})
    put_postgresql(workspace, changed, sink(postgresql, "forme"))
    with psycopg.connect(postgresql) as reader:
        assert reader.execute("SELECT autre FROM forme.measures").fetchall() == [(1.5,)]
        assert reader.execute("SELECT count(*) FROM forme.mirror").fetchone() == (0,)
    put_postgresql(workspace, releases[1], sink(postgresql, "forme"))
    assert len(rows_of(postgresql, "forme.mirror")) == releases[1].tables["mirror"]["rows"]


def rows_of(url, table):
    with psycopg.connect(url) as owner:
        return owner.execute(f"SELECT * FROM {table}").fetchall()


def test_views_and_grants_of_readers_survive_a_new_dimension(postgresql, two_releases):
    workspace, releases = two_releases
    target = sink(postgresql, "elargi")
    put_postgresql(workspace, releases[0], target)
    with psycopg.connect(postgresql, autocommit=True) as reader:
        reader.execute("CREATE ROLE tableau")
        reader.execute("GRANT SELECT ON elargi.measures TO tableau")
        reader.execute("CREATE VIEW public.par_unite AS SELECT unit, value FROM elargi.measures")
        tables = authored_tables(3, 2)
        measures = tables["measures"]
        tables["measures"] = measures.add_column(2, "canal", [["web"] * measures.num_rows])
        wider = write_release(workspace, tables, {**LINEAGE, "batches": ["canal"]})
        for _ in range(2):
            put_postgresql(workspace, wider, target)
        n_rows = reader.execute("SELECT count(*) FROM public.par_unite").fetchone()
        assert n_rows == (measures.num_rows,)
        granted = reader.execute("SELECT has_table_privilege('tableau', 'elargi.measures', 'select')")
        assert granted.fetchone() == (True,)
        told = reader.execute("SELECT canal, period FROM elargi.measures LIMIT 1").fetchone()
        assert told == ("web", measures["period"][0].as_py())
        put_postgresql(workspace, releases[0], target)
        left = reader.execute("SELECT count(*) FROM information_schema.columns WHERE column_name = 'canal'")
        assert left.fetchone() == (0,)
        assert reader.execute("SELECT count(*) FROM public.par_unite").fetchone() > (0,)


def test_schema_with_tables_of_somebody_else_is_refused_and_left_as_it_was(postgresql, two_releases):
    workspace, releases = two_releases
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA equipe; CREATE SCHEMA equipe_next")
        owner.execute("CREATE TABLE equipe.ventes AS SELECT 12 AS montant")
        owner.execute("CREATE TABLE equipe.quotes AS SELECT 'devis' AS objet")
        owner.execute("CREATE TABLE equipe_next.suite AS SELECT 1 AS rang")
    with pytest.raises(SinkError, match=r"2 table\(s\) that it did not make: quotes, ventes"):
        put_postgresql(workspace, releases[0], sink(postgresql, "equipe"))
    assert rows_of(postgresql, "equipe.ventes") == [(12,)]
    assert rows_of(postgresql, "equipe.quotes") == [("devis",)]
    assert rows_of(postgresql, "equipe_next.suite") == [(1,)]


def test_table_that_came_beside_is_neither_emptied_nor_opened_to_readers(postgresql, two_releases):
    workspace, releases = two_releases
    base = sink(postgresql, "voisin").model_copy(update={"readers": ("lectrice",)})
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute("CREATE ROLE lectrice")
        put_postgresql(workspace, releases[0], base)
        owner.execute("CREATE TABLE voisin.ventes AS SELECT 12 AS montant")
        put_postgresql(workspace, releases[1], base)
        may_read = "SELECT has_table_privilege('lectrice', %s, 'SELECT')"
        assert owner.execute(may_read, ["voisin.measures"]).fetchone() == (True,)
        assert owner.execute(may_read, ["voisin.ventes"]).fetchone() == (False,)
    assert rows_of(postgresql, "voisin.ventes") == [(12,)]


def test_name_taken_by_somebody_else_since_the_last_delivery_is_refused(postgresql, two_releases):
    workspace, releases = two_releases
    put_postgresql(workspace, releases[0], sink(postgresql, "pris"))
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute("CREATE TABLE pris.leviers AS SELECT 12 AS montant")
    table = pa.table({"periode": ["2026-03"]})
    wider = write_release(workspace, {"leviers": table}, {**LINEAGE, "batches": ["pris"]})
    with pytest.raises(SinkError, match="did not make: leviers"):
        put_postgresql(workspace, wider, sink(postgresql, "pris"))
    assert rows_of(postgresql, "pris.leviers") == [(12,)]


def test_schema_of_deliveries_that_kept_no_list_of_their_tables_is_taken_over(postgresql, two_releases):
    workspace, releases = two_releases
    put_postgresql(workspace, releases[0], sink(postgresql, "ancien"))
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute("DROP TABLE ancien._tables")
    put_postgresql(workspace, releases[1], sink(postgresql, "ancien"))
    assert rows_of(postgresql, "ancien.release")[0][0] == releases[1].release_id
    assert ("measures",) in rows_of(postgresql, "ancien._tables")


def test_failure_leaves_the_old_release_and_says_what_to_run(postgresql, two_releases):
    workspace, releases = two_releases
    put_postgresql(workspace, releases[0], sink(postgresql, "tenu"))
    with psycopg.connect(postgresql, autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION refuse() RETURNS trigger AS 'BEGIN RAISE ''plein''; END' LANGUAGE plpgsql"
        )
        owner.execute("CREATE TRIGGER t BEFORE INSERT ON tenu.quotes FOR EACH ROW EXECUTE FUNCTION refuse()")
    with pytest.raises(SinkError, match="miroir deliver --only base"):
        put_postgresql(workspace, releases[1], sink(postgresql, "tenu"))
    with psycopg.connect(postgresql) as reader:
        assert reader.execute("SELECT release_id FROM tenu.release").fetchone() == (releases[0].release_id,)


def test_unreachable_database_is_named_without_its_password(two_releases):
    workspace, releases = two_releases
    with pytest.raises(SinkError, match="sink «base» was not reached") as caught:
        put_postgresql(workspace, releases[0], sink("postgresql://moi:motdepasse@127.0.0.1:9/rien"))
    assert "motdepasse" not in str(caught.value)
