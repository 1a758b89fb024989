"""A real Chromium, without a network. Where there is none, the tests fail: `make test` installs one."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""As tests/browser/install.sh looks for them. Without any of them it is Playwright's own."""


@pytest.fixture(scope="module")
def chromium():
    """Playwright keeps an event loop running meanwhile, in which no test of ours could run one: not for the session."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a text as a file, as people open an artifact. Whatever the page logs, fails or asks for is an error."""
    contexts, errors = [], []

    def open_page(text, scheme="light", **options):
        context = chromium.new_context(color_scheme=scheme, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: errors.append(request.url) if "plan.html" not in request.url else None)
        file = tmp_path / "plan.html"
        file.write_text(text, "utf-8")
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []
