"""Demos on the real page: from words to the last frame, follow-ups, Stop, and the lab with its sliders, on a phone too."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ask, wait

LONG = 90_000
"""Milliseconds for a run on a busy machine."""


def demos(page):
    return page.locator("#chatbot .demo")


def answered(page, count):
    page.wait_for_function(
        """count => document.querySelectorAll('#chatbot .demo .verdict').length === count
            && !document.querySelector('#stop')?.offsetParent""",
        arg=count,
        timeout=LONG,
    )


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Show me how my text is cut into tokens", "tokens"),
        ("show me apples and oranges", "apples-and-oranges"),
    ],
)
def test_from_words_to_the_last_frame(page, message, title):
    ask(page, message)
    choices = page.locator("#chatbot .options button, #chatbot button.option")
    assert choices.count() >= 3  # the question before the run
    guess = choices.first.text_content()
    choices.first.click()
    answered(page, 1)
    demo = demos(page).last
    assert guess in demo.locator(".verdict").text_content()
    picture = demo.locator(".frame img")
    assert len(picture.get_attribute("alt")) > 30
    assert picture.evaluate("image => image.naturalWidth") > 600
    expect(demo.locator(".byline")).to_contain_text("milliseconds")
    demo.locator("summary", has_text="Take the code").click()
    expect(demo.locator("pre.script")).to_contain_text("import")
    demo.locator(".byline a").click()
    expect(page.locator("#lab-title")).to_be_visible()
    assert page.evaluate("location.hash") == f"#lab/{title}"


def test_a_follow_up_edits_the_run_and_stop_stops(page):
    ask(page, "show me how a GAN learns")
    page.locator("#chatbot .option", has_text="Just run it").click()
    page.wait_for_selector("#chatbot .demo .frame img", timeout=LONG)
    start = time.monotonic()
    page.click("#stop")
    expect(page.locator("#send")).to_be_visible()
    assert time.monotonic() - start < 5
    wait(page)
    expect(page.locator("#chatbot .turn").last).to_contain_text("Stopped")
    ask(page, "now with 60 rounds")
    answered(page, 1)
    expect(demos(page).last.locator(".how")).to_contain_text("60")
    page.reload()
    expect(demos(page).last.locator(".frame img")).to_be_visible()


def test_a_question_offers_its_lesson_in_motion_and_shows_a_figure(page):
    ask(page, "What is a variational autoencoder?")
    expect(page.locator("#chatbot .of-course img")).to_be_visible()
    assert page.locator("#chatbot .of-course img").evaluate("image => image.complete && image.naturalWidth > 0")
    page.locator("#chatbot .option", has_text="See it happen").click()
    page.wait_for_function("document.querySelectorAll('#chatbot .turn').length === 2")
    wait(page)
    expect(page.locator("#chatbot .turn").last).to_contain_text("what do you think?")


def test_the_lab_runs_breaks_and_resets(page):
    page.goto(page.url.split("#")[0] + "#lab/tokens")
    expect(page.locator("#lab-list a[aria-current]")).to_have_count(1)
    expect(page.locator("#lab-bench .all-demos")).to_be_hidden()
    text = page.locator("#lab-controls textarea, #lab-controls input[type=text]").first
    expect(text).to_be_visible()
    text.fill("An unusual sentence of mine")
    page.click("#lab-run")
    expect(page.locator("#lab-stage")).to_contain_text("complete", timeout=LONG)
    expect(page.locator("#lab-shown .how")).to_contain_text("An unusual sentence of mine")
    page.click("#lab-reset")
    expect(page.locator("#lab-shown")).to_contain_text("Press Run")
    expect(text).not_to_have_value("An unusual sentence of mine")
    page.click("#lab-break")
    expect(page.locator("#lab-stage")).to_contain_text("complete", timeout=LONG)


def test_a_demo_that_there_is_not_leads_to_the_list(page):
    page.evaluate("location.hash = '#lab/nothing'")
    page.wait_for_function("location.hash === '#lab'")
    expect(page.locator("#lab-list a")).to_have_count(15)


def test_the_lab_on_a_phone(open_page):
    page = open_page(width=375, height=800, touch=True)
    page.click("#masthead a[href='#lab']")
    expect(page.locator("#lab-list")).to_be_visible()
    expect(page.locator("#lab-bench")).to_be_hidden()
    page.click("#lab-list a[href='#lab/apples-and-oranges']")
    expect(page.locator("#lab-title")).to_be_visible()
    page.click("#lab-run")
    expect(page.locator("#lab-stage")).to_contain_text("complete", timeout=LONG)
    assert page.evaluate("document.querySelector('#lab-bench').scrollWidth <= innerWidth")
    small = page.evaluate(
        """[...document.querySelectorAll('#lab-bench button, #lab-bench a')].filter((node) => node.offsetParent && node.textContent.trim())
            .filter((node) => node.getBoundingClientRect().height < 44).map((node) => node.outerHTML.slice(0, 90))"""
    )
    assert small == []
    page.click("#lab-about .all-demos")
    expect(page.locator("#lab-list")).to_be_visible()
