"""A learner adds a file, asks about it, sees it named as the source, and takes it away again."""

from playwright.sync_api import expect

from tests.browser.conftest import ask, reload, wait

NOTES = (
    "# The lighthouse of Brank\n\nThe lighthouse of Brank was built by Ada Vorn in 1871. It is forty meters high and painted red.\n\n"
    "## The lamp\n\nThe lamp of the lighthouse burned whale oil until 1902. It costs $5 to visit, and $9 with a guide.\n"
)


def add(page, file):
    """Choose a file with the button beside the composer, by the keyboard."""
    button = page.get_by_role("button", name="Add a file to ask about")
    page.wait_for_timeout(500)  # the composer takes the focus once when the page has opened
    with page.expect_file_chooser() as chooser:
        button.press("Enter")
    chooser.value.set_files(file)


def ask_next(page, question, turns):
    """Ask, and wait for this answer: what the stage says may still be of the one before."""
    ask(page, question)
    expect(page.locator("#chatbot .turn")).to_have_count(turns)
    expect(page.locator("#chatbot .turn .stage")).to_have_count(0)
    wait(page)


def test_a_file_is_added_asked_about_and_removed(page, tmp_path):
    notes = tmp_path / "brank.md"
    notes.write_text(NOTES)
    add(page, notes)
    expect(page.locator("#own-file")).to_contain_text("Your file: brank.md", timeout=60_000)
    expect(page.locator("#stage")).to_contain_text("brank.md is ready")
    ask(page, "Who built the lighthouse of Brank?")
    answer = page.locator("#chatbot .turn").last
    expect(answer.locator(".quote p")).to_contain_text("Ada Vorn")
    expect(answer.locator(".quote footer")).to_contain_text("From your file: brank.md, “The lighthouse of Brank”")
    answer.locator(".quote .chip").click()
    expect(page.locator("#panel .source.here h3")).to_contain_text("Your file: brank.md")
    expect(page.locator("#panel .lesson-link")).to_have_count(0)
    ask_next(page, "what does my file say about a visit with a guide?", 2)
    expect(page.locator("#chatbot .turn").last.locator(".quote p")).to_contain_text("$5 to visit, and $9")
    expect(page.locator("#chatbot .turn").first.locator(".quote p")).to_contain_text(
        "Ada Vorn"
    )  # drawn again, still there
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert "Ada Vorn" not in stored
    page.click("#remove-file")
    expect(page.locator("#own-file")).to_be_hidden()
    ask_next(page, "Who built the lighthouse of Brank?", 3)
    expect(page.locator("#chatbot .turn").last).to_contain_text("I can't answer that from the course")
    page.wait_for_timeout(300)
    reload(page)
    expect(page.locator("#chatbot .turn").first).to_contain_text("from your file brank.md, which is not kept")
    expect(page.locator("#stage")).to_contain_text("Add it again")


def test_a_file_that_is_too_large_or_of_another_kind_says_what_to_do(page, tmp_path):
    large, other = tmp_path / "large.md", tmp_path / "notes.docx"
    large.write_text("word " * 1_200_000)
    other.write_text("PK")
    add(page, large)
    expect(page.locator("#stage")).to_contain_text("at most 5 MB")
    add(page, other)
    expect(page.locator("#stage")).to_contain_text("Markdown (.md), plain text (.txt) and PDF (.pdf)")
    expect(page.locator("#own-file")).to_be_hidden()
    expect(page.locator("#send")).to_be_visible()


def test_a_file_can_be_dropped_and_goes_with_its_conversation(page):
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.items.add(new File([text], 'brank.md', {type: 'text/markdown'}));
            const drop = (kind) => document.querySelector('#chatbot').dispatchEvent(
                new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
            drop('dragover');
            drop('drop');
        }""",
        NOTES,
    )
    expect(page.locator("#own-file")).to_contain_text("brank.md", timeout=60_000)
    ask(page, "summarize it")
    expect(page.locator("#chatbot .turn").last.locator(".quote p")).to_contain_text("The lighthouse of Brank was built")
    page.click("#new")
    expect(page.locator("#own-file")).to_be_hidden()
    ask(page, "Who built the lighthouse of Brank?")
    wait(page)
    expect(page.locator("#chatbot .turn").last).to_contain_text("I can't answer that")
