import os
import stat
import threading

import pytest

from pipeline.errors import PrivacyError
from pipeline.privacy.pseudonym import load_secret, respondent_key

SECRET = b"un secret assez long pour tous"


@pytest.fixture(autouse=True)
def _no_secret_in_environment(monkeypatch):
    monkeypatch.delenv("MIROIR_SECRET", raising=False)


def test_respondent_key_is_stable_and_hexadecimal():
    key = respondent_key(SECRET, "enquete", "client-42")
    assert key == respondent_key(SECRET, "enquete", " client-42 ")
    assert len(key) == 32
    assert int(key, 16) >= 0


def test_respondent_key_differs_by_secret_source_and_identifier():
    keys = {
        respondent_key(SECRET, "ab", "c"),
        respondent_key(SECRET, "a", "bc"),
        respondent_key(SECRET, "a", "c"),
        respondent_key(SECRET + b"!", "a", "c"),
    }
    assert len(keys) == 4


def test_respondent_key_refuses_a_short_secret():
    with pytest.raises(PrivacyError, match="at least 16 bytes, got 3 bytes"):
        respondent_key(b"abc", "a", "b")


def test_load_secret_makes_a_private_file_once(tmp_path):
    path = tmp_path / "keys" / "respondents.key"
    secret = load_secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_secret(path) == secret
    assert [entry.name for entry in path.parent.iterdir()] == ["respondents.key"]


def test_load_secret_makes_no_key_when_it_must_not(tmp_path):
    path = tmp_path / "respondents.key"
    with pytest.raises(PrivacyError, match="a plain file that this user can read, got FileNotFoundError"):
        load_secret(path, make=False)
    assert not path.exists()


def test_load_secret_gives_one_key_when_many_start_at_once(tmp_path):
    path = tmp_path / "respondents.key"
    secrets: list[bytes] = []
    threads = [threading.Thread(target=lambda: secrets.append(load_secret(path))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(secrets) == 16
    assert len(set(secrets)) == 1


def test_load_secret_prefers_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("MIROIR_SECRET", "venu de l'environnement")
    assert load_secret(tmp_path / "absent.key") == b"venu de l'environnement"
    assert not (tmp_path / "absent.key").exists()


def test_load_secret_refuses_a_file_that_others_can_read(tmp_path):
    path = tmp_path / "respondents.key"
    load_secret(path)
    os.chmod(path, 0o640)
    with pytest.raises(PrivacyError, match="expected rights 600, got rights 640"):
        load_secret(path)


def test_load_secret_refuses_a_short_file(tmp_path):
    path = tmp_path / "respondents.key"
    path.touch(mode=0o600)
    with pytest.raises(PrivacyError, match="too short: expected at least 16 bytes, got 0 bytes"):
        load_secret(path)


def test_load_secret_refuses_a_folder(tmp_path):
    with pytest.raises(PrivacyError, match="cannot be read"):
        load_secret(tmp_path)
