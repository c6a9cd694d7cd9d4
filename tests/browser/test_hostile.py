"""What a learner pastes is shown as it was typed: it runs nothing and breaks nothing."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ask, reload

HOSTILE = {
    "script": "<script>window.hacked = 1</script> what is a GAN",
    "image": "<img src=x onerror='window.hacked = 1'> what is a GAN",
    "frame": '<iframe src="javascript:window.parent.hacked=1"></iframe><svg onload="window.hacked=1"></svg>',
    "closing tags": "</pre></div></body><script>window.hacked=1</script>",
    "markdown link": "[press](javascript:window.hacked=1) ![x](http://example.com/x.png) what is a GAN",
    "template": "{{7*7}} ${7*7} <%= 7*7 %> {% for x in y %} what is a VAE",
    "maths": "$$\\href{javascript:window.hacked=1}{x}$$ $\\includegraphics{http://example.com/x.png}$ what is a GAN",
    "control": "what\x00 is\x07 a\x1b[31m GAN\u202e\u200b\ufeff",
    "right to left": "ما هو الذكاء الاصطناعي التوليدي؟ 什么是生成式人工智能 🦜" * 20,
    "one word": "G" * 3900,
    "quotes": "\"'`;-- DROP TABLE lessons; what is a GAN",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_it_is_shown_as_typed_and_runs_nothing(page, text):
    ask(page, text)
    page.wait_for_timeout(100)
    assert page.evaluate("window.hacked") is None
    assert (
        page.evaluate("document.querySelectorAll('#chatbot script, #chatbot iframe, #chatbot .asked img').length") == 0
    )
    assert page.evaluate("[...document.querySelectorAll('#chatbot a')].every((a) => !/^javascript:/i.test(a.href))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shown = page.locator("#chatbot .asked").last.text_content()
    assert "".join(c for c in text if c.isprintable()).split()[0] in "".join(c for c in shown if c.isprintable())
    reload(page)  # what was kept is drawn again, and runs nothing either
    expect(page.locator("#chatbot .turn")).to_have_count(1)
    assert page.evaluate("window.hacked") is None


def test_a_megabyte_stays_in_the_composer_and_says_what_to_do(page):
    page.evaluate(
        """() => { const area = document.querySelector('#composer textarea');
        area.value = 'what is a GAN '.repeat(75000); area.dispatchEvent(new Event('input', {bubbles: true})); }"""
    )
    expect(page.locator("#counter")).to_contain_text("too many")
    page.click("#send")
    expect(page.locator("#stage")).to_contain_text("Shorten it and send again")
    assert page.evaluate("document.querySelector('#composer textarea').value.length") > 1_000_000
    expect(page.locator("#chatbot .turn")).to_have_count(0)
    ask(page, "What is a GAN?")
    expect(page.locator("#chatbot .turn")).to_have_count(1)


def test_nothing_typed_is_no_question(page):
    page.fill("#composer textarea", "   \n ")
    page.click("#send")
    expect(page.locator("#stage")).to_contain_text("Type a question first")
    expect(page.locator("#chatbot .turn")).to_have_count(0)


def test_a_store_that_was_tampered_with_is_an_empty_conversation(browser, served_page):
    page = browser.new_page()  # not a watched one: gradio rightly says on the console that the store can't be read
    page.goto(served_page)
    page.wait_for_selector("#composer textarea")
    page.evaluate(
        "() => { for (const key of Object.keys(localStorage)) localStorage.setItem(key, '{\"turns\": [7]}') }"
    )
    reload(page)
    page.wait_for_selector("#composer textarea")
    ask(page, "What is a GAN?")
    expect(page.locator("#chatbot .turn")).to_have_count(1)
    page.close()
