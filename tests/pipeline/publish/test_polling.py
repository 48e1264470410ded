import pytest

from bench.polling import run_polling


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_readers_never_see_a_broken_or_mixed_release(tmp_path):
    seen = run_polling(str(tmp_path), n_readers=8, n_publications=8, n_kills=3, n_rows=4000)
    assert (seen.broken, seen.mixed) == (0, 0)
    assert seen.published == 9
    # The first release and the last, at least: they read on while others were published and killed.
    assert seen.seen >= 2
