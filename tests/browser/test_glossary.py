"""Cards of the glossary: marked once a passage, read by pointer, finger and keyboard, never in maths, links, code or headings."""

from playwright.sync_api import expect

from tests.browser.conftest import ask

INSIDE = "a abbr, button abbr, code abbr, h1 abbr, h2 abbr, h3 abbr, .katex abbr"
TWICE = """(root) => { let met = new Set(), twice = [];
  for (const node of document.querySelectorAll(`${root} h2, ${root} abbr.term`)) {
    if (node.tagName === 'H2') met = new Set();
    else if (met.has(node.dataset.term)) twice.push(node.dataset.term);
    else met.add(node.dataset.term);
  } return twice; }"""


def open_lesson(page, slug):
    page.evaluate(f"location.hash = '#course/{slug}'")
    page.wait_for_selector(f"[id='at-{slug}']", state="attached")
    page.wait_for_selector("#lesson-body abbr.term")


def test_terms_of_a_lesson_are_marked_once_and_nowhere_that_they_would_disturb(page):
    open_lesson(page, "gan")
    marked = page.locator("#lesson-body abbr.term")
    assert marked.count() > 20
    assert page.locator("#lesson-body").locator(INSIDE).count() == 0
    assert page.evaluate(TWICE, "#lesson-body") == []
    page.wait_for_selector("#lesson-body .katex", state="attached")
    expect(page.locator("#lesson-body")).not_to_contain_text("$$")
    named = page.evaluate("[...document.querySelectorAll('#lesson-body abbr.term')].map((node) => node.dataset.term)")
    assert "mode-collapse" in named
    assert "key" not in named  # an everyday word outside its own lesson
    open_lesson(page, "transformer")
    assert page.locator("#lesson-body abbr[data-term='key']").count() > 0
    assert page.locator("#lesson-body abbr abbr").count() == 0


def test_a_card_opens_under_the_pointer_and_stays_while_it_is_read(page):
    open_lesson(page, "gan")
    term, card = page.locator("#lesson-body abbr[data-term='discriminator']").first, page.locator("#term-card")
    term.hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text("A discriminator is")
    card.hover()
    page.wait_for_timeout(500)
    expect(card).to_be_visible()
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_a_card_can_be_read_by_keyboard_and_by_a_screen_reader(page):
    open_lesson(page, "gan")
    term, card = page.locator("#lesson-body abbr[data-term='discriminator']").nth(1), page.locator("#term-card")
    term.focus()
    expect(card).to_be_visible()
    assert card.get_attribute("role") == "tooltip"
    assert term.get_attribute("aria-describedby") == "term-card"
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    assert term.get_attribute("aria-describedby") is None
    page.keyboard.press("Tab")
    expect(card).to_be_visible()
    expect(card).to_be_in_viewport(ratio=1)


def test_a_card_opens_by_a_tap_and_fits_a_phone(open_page):
    page = open_page(375, 760, touch=True)
    open_lesson(page, "gan")
    card = page.locator("#term-card")
    for place in (0, 3, 7):
        term = page.locator("#lesson-body abbr.term").nth(place)
        term.scroll_into_view_if_needed()
        term.tap()
        expect(card).to_be_visible()
        expect(card).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#lesson-body h2").first.scroll_into_view_if_needed()
    page.locator("#model-line").tap()
    expect(card).to_be_hidden()


def test_an_answer_has_cards_and_is_copied_without_them(page):
    ask(page, "What is a GAN?")
    terms = page.locator("#chatbot .turn abbr.term")
    expect(terms.first).to_be_visible()
    assert page.locator("#chatbot").locator("button abbr, a abbr, .byline abbr").count() == 0
    terms.first.hover()
    expect(page.locator("#term-card")).to_be_visible()


def test_the_glossary_is_a_page_and_a_source_leads_to_its_term(page):
    page.evaluate("location.hash = '#course/glossary/mode-collapse'")
    heading = page.locator("#lesson-body h3", has_text="mode collapse")
    expect(heading).to_be_in_viewport()
    assert page.locator("#lesson-body abbr.term").count() == 0
    expect(page.locator("#contents a[aria-current='page']")).to_have_text("Glossary")
