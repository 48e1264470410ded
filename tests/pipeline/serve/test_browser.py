"""The dashboard in a real browser: nothing from outside, nothing refused, usable at both widths."""

import shutil
import socket
import threading
import time

import pytest
import uvicorn

from pipeline.publish.pages.view import PAGES
from pipeline.serve.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def address(published):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(published), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_and_ask_nothing_of_anybody_else(address, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    outside, complaints = [], []
    page.on("request", lambda r: None if r.url.startswith((address, "data:")) else outside.append(r.url))
    page.on("console", lambda message: complaints.append(message.text))
    for path in PAGES.values():
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert (outside, complaints) == ([], [])
    page.close()


def test_filter_goes_into_the_address_and_the_table_is_one_click_away(address, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/miroir")
    page.select_option("select[name=unit]", "Lyon 01")
    page.wait_for_url("**/miroir?unit=Lyon*")
    table = page.locator("figure.mirror details table")
    assert not table.is_visible()
    page.click("figure.mirror details summary")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 18
    page.go_back()
    assert page.url == f"{address}/miroir"
    page.close()
