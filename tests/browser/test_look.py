"""The page fits a phone and a desk, in light and dark, and can be used by keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ask

CONTRAST = """(selector) => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.querySelectorAll(selector)].filter((node) => node.offsetParent && node.textContent.trim()).map((node) => {
    let behind = node;
    while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
    const back = behind ? parse(getComputedStyle(behind).backgroundColor) : [255, 255, 255];
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(back)];
    return [node.className || node.tagName, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""
SMALL = """() => [...document.querySelectorAll('button, a, summary, textarea')].filter((node) => node.offsetParent).map((node) => {
  const {width, height} = node.getBoundingClientRect();
  return [node.className || node.id || node.tagName, node.textContent.trim().slice(0, 30), Math.round(width), Math.round(height)];
}).filter(([,, width, height]) => width < 44 || height < 44)"""
SIZES = [(1440, 900), (768, 1024), (375, 760)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_it_fits_and_can_be_read(open_page, width, height, dark):
    page = open_page(width, height, dark, touch=width < 500)
    fits = "() => document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight + 1"
    assert page.evaluate(fits)
    ask(page, "How is a GAN different from a VAE?")
    assert page.evaluate(fits)
    page.locator("#chatbot .chip").first.click()
    expect(page.locator("#panel")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("#close-panel")
    expect(page.locator("#composer textarea")).to_be_in_viewport()
    seen = page.evaluate(CONTRAST, "#chatbot p, #chatbot button.chip, #masthead a, #counter p, #model-line p, #send")
    assert len(seen) > 4
    assert [found for found in seen if found[1] < 4.5] == []
    brightness = page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    assert (brightness < 200) is dark


def test_what_a_finger_presses_is_large_enough(open_page):
    page = open_page(375, 760, touch=True)
    ask(page, "What is a GAN?")
    ask(page, "Draw a red apple, 4 steps")
    small = page.evaluate(SMALL)
    page.locator("#chatbot .quote .chip").first.click()
    expect(page.locator("#panel")).to_be_visible()
    arrow = page.locator("#chatbot .scroll-down-button-container")
    assert arrow.evaluate_all("all => all.every((one) => getComputedStyle(one).display === 'none')")
    small += page.evaluate(SMALL)
    page.click("#close-panel")
    page.click("#menu-button")
    small += page.evaluate(SMALL)
    assert small == []
    assert page.locator("#new").bounding_box()["y"] >= 4


def test_the_whole_way_by_keyboard(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.closest('#composer') !== null")
    page.keyboard.type("What is a GAN?")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("and a VAE?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chatbot .byline")
    page.wait_for_function("!document.querySelector('#stop')?.offsetParent")
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.classList.contains('chip')"):
            break
    assert page.evaluate("document.activeElement.classList.contains('chip')")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()
    assert page.evaluate("document.activeElement.classList.contains('source')")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("document.activeElement.classList.contains('chip')")


def test_a_screen_reader_is_told_what_happens(page):
    stage = page.locator("#stage")
    assert stage.get_attribute("aria-live") == "polite"
    ask(page, "What is a GAN?")
    expect(stage).to_contain_text("The answer is complete")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('button, a, input, textarea')].filter((node) => node.offsetParent
        && !(node.textContent.trim() || node.getAttribute('aria-label') || node.title || node.labels?.length)).map((n) => n.outerHTML)"""
    )
    assert unnamed == []


def test_the_course_can_be_read(page):
    page.click("#masthead a[href='#course']")
    links = page.locator("#contents li a")
    expect(links).to_have_count(17)
    links.nth(2).click()
    expect(page.locator("#lesson-body h1")).to_have_text(links.nth(2).text_content())
    expect(page.locator("#lesson-body h2").first).to_be_visible()
    figure = page.locator("#lesson-body img").first
    figure.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#lesson-body img').naturalWidth > 0")
    expect(page.locator("#lesson-body")).not_to_contain_text("$$")
