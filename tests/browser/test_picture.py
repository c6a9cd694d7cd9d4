"""A learner draws: the picture comes out of noise, can be changed in plain words, opened step by step, and outlives a reload."""

from playwright.sync_api import expect

from tests.browser.conftest import ask, reload

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


def test_a_follow_up_draws_four(page):
    ask(page, "Draw a dog")
    page.locator("#chatbot .option", has_text="Four variations").click()
    expect(page.locator("#chatbot .turn").last.locator(".made")).to_have_count(4)
