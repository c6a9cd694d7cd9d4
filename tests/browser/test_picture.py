"""A learner draws: the picture comes out of noise, can be changed in plain words, opened step by step, and outlives a reload."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ask, reload, wait

AVERAGE = """async () => {
    const image = [...document.querySelectorAll('#chatbot .made img')].at(-1);
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 64});
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0, 64, 64);
    const data = pen.getImageData(0, 0, 64, 64).data;
    const at = (x, y) => [...data.slice(4 * (64 * y + x), 4 * (64 * y + x) + 3)];
    const values = [...data].filter((_, i) => i % 4 < 3);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return {corners: [at(1, 1), at(62, 1), at(1, 62), at(62, 62)], spread: Math.max(...values.map((v) => Math.abs(v - mean)))};
}"""


def test_a_picture_is_drawn_step_by_step_changed_and_kept(page):
    page.evaluate(
        """() => { window.seen = new Set(); new MutationObserver(() => {
            window.seen.add(document.querySelector('#chatbot .stage')?.textContent ?? '');
        }).observe(document.querySelector('#chatbot'), {subtree: true, childList: true, characterData: true}); }"""
    )
    ask(page, "Draw a banana on a blue background, seed 7")
    made = page.locator("#chatbot .made")
    expect(page.locator("#chatbot .strip")).to_have_count(1)
    expect(made).to_have_count(1)
    seen = page.evaluate("[...window.seen]")
    assert sum("step" in stage for stage in seen) > 2, seen
    pixels = page.evaluate(AVERAGE)
    assert all(blue > red + 40 and blue > green + 20 for red, green, blue in pixels["corners"]), pixels
    assert pixels["spread"] > 60
    assert made.locator("img").get_attribute("alt") == "a banana on a blue background"
    page.locator("#chatbot .strip summary").click()
    expect(page.locator("#chatbot .strip img")).to_be_visible()
    with page.expect_download() as download:
        made.locator("button.save").click()
    assert download.value.suggested_filename == "a-banana-on-a-blue-background.png"
    ask(page, "same but on a red background")
    expect(page.locator("#chatbot .strip")).to_have_count(2)  # the strip comes with the finished picture
    pixels = page.evaluate(AVERAGE)
    assert all(red > blue + 40 for red, green, blue in pixels["corners"]), pixels
    reload(page)
    expect(page.locator("#chatbot .made img")).to_have_count(2)


def test_a_picture_is_laid_open_on_request(page):
    ask(page, "Draw a red apple on a blue background, seed 7, 8 steps")
    expect(page.locator("#chatbot .option")).to_have_count(4)
    page.locator("#chatbot .option", has_text="How did you draw that?").click()
    turn = page.locator("#chatbot .turn").last
    expect(turn.locator(".part h3")).to_have_text(
        [
            "The words",
            "A sketch from the words alone",
            "From noise to picture",
            "Guidance",
            "Copied or created?",
            "The numbers",
        ]
    )
    wait(page)
    parts = turn.locator(".part")
    expect(parts.nth(0)).to_contain_text("a | red | apple | on | a | blue | background")
    expect(parts.nth(2).locator("img")).to_have_attribute("alt", re.compile("out of noise"))
    expect(parts.nth(3).locator("figcaption")).to_have_text(["Guidance 2", "Without", "Difference"])
    expect(parts.nth(4).locator("figcaption")).to_have_text(["In your picture", re.compile("^Nearest: ")])
    expect(parts.nth(5)).to_contain_text("milliseconds")
    drawn = turn.locator(".exhibit img").evaluate_all(
        "images => images.map((i) => [i.naturalWidth > 0, i.alt.length > 0])"
    )
    assert drawn == [[True, True]] * 7
    expect(turn.locator(".pictures")).to_have_count(0)
    parts.nth(2).locator("a.lesson-link").click()
    expect(page.locator("#lesson-body h1")).to_have_text("Diffusion models")


@pytest.mark.parametrize("width", [375, 1440])
def test_the_pictures_of_the_conversation_can_be_looked_through(open_page, width):
    page = open_page(width, 760, touch=width < 500)
    opener = page.locator("#pictures")
    expect(opener).to_be_hidden()
    ask(page, "Draw a dog, seed 3, 4 steps")
    ask(page, "same but green")
    expect(page.locator("#chatbot .strip")).to_have_count(2)
    opener.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    expect(panel).to_be_in_viewport()
    expect(panel.locator("h2")).to_have_text("Pictures")
    expect(panel.locator(".gallery li")).to_have_count(2)
    expect(panel.locator(".gallery li").first).to_contain_text("a green dogSeed 3")  # the newest first
    page.wait_for_function("document.activeElement.id === 'panel-title'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as download:
        panel.locator("button.save").last.click()
    assert download.value.suggested_filename == "a-dog.png"
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "pictures"
    opener.click()
    panel.locator("button.redraw").last.click()
    expect(page.locator("#chatbot .asked")).to_have_count(3)
    expect(page.locator("#chatbot .asked").last).to_have_text("Draw a dog, seed 3, 4 steps, guidance 2")
    expect(page.locator("#chatbot .strip")).to_have_count(3)
    wait(page)
    sources = page.evaluate("[...document.querySelectorAll('#chatbot .made img')].map((image) => image.src)")
    assert sources[0] == sources[2] != sources[1]
    if panel.is_visible():
        expect(panel.locator(".gallery li")).to_have_count(3)


def test_a_follow_up_draws_four(page):
    ask(page, "Draw a dog")
    page.locator("#chatbot .option", has_text="Four variations").click()
    expect(page.locator("#chatbot .turn").last.locator(".made")).to_have_count(4)
