"""A learner asks with the shipped model: quote, streamed text, chips, panel, Stop, edit, retry, and a conversation that stays."""

import json

from playwright.sync_api import expect

from tests.browser.conftest import LEAVING, ask, reload, wait

QUESTION = "What does the discriminator do?"


def answers(page):
    return page.locator("#chatbot .turn")


def test_a_question_is_quoted_written_cited_and_opens_its_source(page):
    page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
            const written = document.querySelector('#chatbot .written');
            const stage = document.querySelector('#chatbot .stage')?.textContent;
            window.seen.push([Boolean(document.querySelector('#chatbot .quote')), written?.textContent.length ?? 0, stage ?? '']);
        }).observe(document.querySelector('#chatbot'), {subtree: true, childList: true, characterData: true}); }"""
    )
    ask(page, QUESTION)
    seen = page.evaluate("window.seen")
    assert any(quote and not length for quote, length, _ in seen)  # the quote comes first
    assert len({length for _, length, _ in seen if length}) > 3  # then the text, in pieces
    assert {"Searching the course", "Writing"} <= {stage for *_, stage in seen}
    answer = answers(page).last
    expect(answer.locator(".quote p")).to_contain_text("discriminator", ignore_case=True)
    expect(answer.locator(".written")).to_contain_text("discriminator", ignore_case=True)
    expect(answer.locator(".pending")).to_have_count(0)
    expect(answer.locator(".byline")).to_contain_text("SmolLM2")
    answer.locator(".written .chip").first.click()
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator("#panel .source.here mark").first).not_to_be_empty()
    page.click("#panel .source.here .lesson-link")
    expect(page.locator("#lesson-body h1")).to_have_text("Generative adversarial network")
    page.wait_for_function("document.activeElement.tagName === 'H2'")  # the section that was cited
    page.click("#masthead a[href='#chat']")
    expect(answer).to_be_visible()


def test_stop_stops_and_the_next_question_is_answered(page):
    page.evaluate(
        """() => new MutationObserver((_, observer) => {
            const stop = document.querySelector('#stop');
            if (stop?.offsetParent) { observer.disconnect(); stop.click(); }
        }).observe(document.body, {subtree: true, childList: true, attributes: true})"""
    )
    ask(page, "Explain transformers in bullet points")
    expect(answers(page).last).to_contain_text("Stopped")
    expect(page.locator("#send")).to_be_visible()
    ask(page, QUESTION)
    expect(answers(page).last.locator(".byline")).to_contain_text("·")
    expect(answers(page)).to_have_count(2)


def test_a_conversation_outlives_a_reload_and_can_be_cleared_and_brought_back(page):
    ask(page, "What is a VAE?")
    page.wait_for_timeout(300)
    reload(page)
    expect(answers(page)).to_have_count(1)
    expect(page.locator("#chatbot .asked")).to_have_text("What is a VAE?")
    ask(page, "and how is it different from a GAN?")
    expect(answers(page)).to_have_count(2)
    expect(answers(page).last).to_contain_text("GAN")
    page.click("#new")
    expect(answers(page)).to_have_count(0)
    expect(page.locator("#composer textarea")).to_be_focused()
    page.click("#menu-button")
    page.click("#back")
    expect(answers(page)).to_have_count(2)


def test_another_subject_is_refused_politely_with_questions_that_can_be_asked(page):
    ask(page, "what does a GaN charger cost")
    expect(answers(page).last).to_contain_text("I can't answer that from the course")
    expect(answers(page).last.locator(".written")).to_have_count(0)
    options = page.locator("#chatbot .options button, #chatbot button.option")
    expect(options).to_have_count(3)
    options.first.click()
    page.wait_for_function("document.querySelectorAll('#chatbot .turn').length === 2")
    wait(page)
    expect(answers(page).last.locator(".quote")).to_have_count(1)


def test_starters_follow_ups_retry_edit_and_opinions(page):
    starters = page.locator("#chatbot button.example")
    expect(starters).to_have_count(5)
    starters.first.click()
    page.wait_for_selector("#chatbot .byline")
    wait(page)
    page.locator("#chatbot button", has_text="Simpler").click()
    page.wait_for_function("document.querySelectorAll('#chatbot .byline').length === 2")
    wait(page)
    expect(answers(page)).to_have_count(2)
    page.locator("#chatbot button[aria-label*='etry'], #chatbot button[title*='etry']").last.click()
    page.wait_for_timeout(500)
    wait(page)
    expect(answers(page)).to_have_count(2)
    edit(page).press("Escape")
    expect(page.locator("#chatbot textarea")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_be_focused()
    expect(answers(page)).to_have_count(2)
    box = edit(page)
    box.fill("What is")
    box.press("End")
    box.press("Shift+Enter")
    box.press_sequentially("a GAN?")
    box.press("Enter")
    page.wait_for_function("document.querySelectorAll('#chatbot .turn').length === 1")
    wait(page)
    expect(page.locator("#chatbot .asked").first).to_have_text("What is\na GAN?")
    expect(answers(page).last).to_contain_text("generator")
    expect(page.locator("#stage")).to_contain_text("The menu can bring back what came after")
    page.click("#menu-button")
    page.click("#back")
    expect(answers(page)).to_have_count(3)
    expect(page.locator("#chatbot .asked").last).to_have_text("What is\na GAN?")


def edit(page):
    """The box in which the first question is edited."""
    page.locator("#chatbot .asked").first.hover()
    page.locator("#chatbot button[aria-label='Edit'], #chatbot button[title='Edit']").first.click()
    return page.locator("#chatbot textarea").first


def test_export_and_import(page, open_page, tmp_path):
    ask(page, "What is a VAE?")
    page.click("#menu-button")
    with page.expect_download() as download:
        page.click("#export")
    file = tmp_path / "mine.json"
    download.value.save_as(file)
    assert json.loads(file.read_text())["turns"][0]["question"] == "What is a VAE?"
    other = open_page()
    take_in(other, file)
    expect(answers(other)).to_have_count(1)
    file.write_text('{"turns": 3}')
    take_in(other, file)
    expect(other.locator("#stage")).to_contain_text("nothing was changed")
    expect(answers(other)).to_have_count(1)


def take_in(page, file):
    page.click("#menu-button")
    with page.expect_file_chooser() as chooser:
        page.click("#import")
    chooser.value.set_files(file)


def test_two_tabs_answer_their_own_questions(open_page):
    one, two = open_page(), open_page()
    for page, question in ((one, "What is a GAN?"), (two, "What is an autoencoder?")):
        page.fill("#composer textarea", question)
        page.press("#composer textarea", "Enter")
    wait(one)
    wait(two)
    expect(answers(one).last).to_contain_text("discriminator")
    expect(answers(two).last).to_contain_text("autoencoder")
    expect(answers(two).last).not_to_contain_text("discriminator")


def test_each_tab_of_a_browser_keeps_its_own_conversation(open_page):
    one = open_page()
    ask(one, "hello")
    one.wait_for_timeout(300)
    two = open_page(context=one.context)
    expect(asked(two)).to_have_text(["hello"])  # a new tab goes on with the newest
    ask(two, "what are you?")
    ask(one, "thanks")
    one.wait_for_timeout(300)
    for page, questions in ((two, ["hello", "what are you?"]), (one, ["hello", "thanks"])):
        reload(page)
        expect(asked(page)).to_have_text(questions)
    one.close()
    two.click("#menu-button")
    earlier = two.locator("#earlier button")
    expect(earlier).to_have_count(1)
    expect(earlier).to_contain_text("thanks")
    LEAVING.add(two)
    earlier.click()
    expect(asked(two)).to_have_text(["hello", "thanks"])
    LEAVING.discard(two)
    two.click("#menu-button")
    expect(two.locator("#earlier button")).to_contain_text("what are you?")


def test_the_conversation_of_a_browser_that_kept_one_for_all_tabs_is_still_there(page):
    ask(page, "hello")
    page.wait_for_timeout(300)
    page.evaluate(
        """() => { const kept = Object.entries(localStorage).find(([key]) => key.startsWith('tutor-conversation/'))[1];
        addEventListener('pagehide', () => {
            localStorage.clear(); sessionStorage.clear(); localStorage.setItem('tutor-conversation', kept);
        }); }"""
    )
    reload(page)
    expect(asked(page)).to_have_text(["hello"])
    assert page.evaluate("localStorage.getItem('tutor-conversation')") is None


def asked(page):
    return page.locator("#chatbot .asked")
