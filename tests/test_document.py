"""A learner's own file: read whatever it is, searched beside the course, marked as the learner's, and gone afterwards."""

import base64
import json
import threading
import time
import zlib
from io import BytesIO
from types import SimpleNamespace

import pytest
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject

from tutor.about import about_file, as_meant, speaks_of_own_file
from tutor.document import LARGEST, clean_name, read_document
from tutor.errors import InputError
from tutor.events import Answered, Failure, Quote, Source, Status, Text
from tutor.extraction import MOST_CHARACTERS, MOST_PAGES
from tutor.image.local import built_in_painter
from tutor.library import MOST, Attached
from tutor.reading import read_apart
from tutor.text.base import ScriptedModel
from tutor.turn import NO_FILE, Tutor
from tutor.ui.busy import Busy
from tutor.ui.chat import Chat
from tutor.ui.files import MOST_TABS, Files, reminder, taken
from tutor.ui.history import History
from tutor.ui.own_file import OwnFile
from tutor.ui.parts import Parts
from tutor.ui.records import Conversation, SentenceRecord, Turn, source_record
from tutor.ui.render import messages, source_card

COFFEE = """# Roasting coffee at home

A home roaster turns green coffee beans brown in eight to fifteen minutes. The beans lose about fifteen percent of their weight.

## First crack

First crack is a popping sound that coffee beans make at about 196 degrees Celsius. Steam bursts the bean open.

## Storage

Roasted beans are stored in a bag with a valve, because they give off carbon dioxide for several days. Never put them into a fridge.

## Cost

A hand-cranked roaster costs about $120 and pays for itself within a year. The club buys green beans for $9 a kilogram.
"""
WRITTEN = "Steam bursts the bean open."


def pdf(*pages, password=None):
    """A PDF with these lines on its pages."""
    writer = PdfWriter()
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica", "/Encoding": "/WinAnsiEncoding"}
    font = DictionaryObject({NameObject(key): NameObject(value) for key, value in names.items()})
    for lines in pages:
        page = writer.add_blank_page(595, 842)
        shown = " ".join("(" + line.replace("(", "\\(").replace(")", "\\)") + ") Tj T*" for line in lines)
        stream = StreamObject()
        stream.set_data(f"BT /F1 11 Tf 14 TL 50 790 Td {shown} ET".encode("cp1252"))
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        page[NameObject("/Contents")] = stream
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def bomb(size):
    """A page that unpacks to `size` bytes."""
    packed = zlib.compress(b"(A) Tj " * (size // 7), 9)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        b"<</Length " + str(len(packed)).encode() + b"/Filter/FlateDecode>>stream\n" + packed + b"\nendstream",
    )
    body = b"".join(str(n).encode() + b" 0 obj" + one + b" endobj\n" for n, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>\n%%EOF"


def result(steps):
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


# Passages -----------------------------------------------------------------------------------------------------------------


def test_markdown_gives_passages_by_heading_marked_as_the_learners_own():
    document = read_document("coffee.md", COFFEE.encode())
    assert [p.section for p in document.passages] == ["Roasting coffee at home", "First crack", "Storage", "Cost"]
    assert all(p.own and p.lesson == "coffee.md" and p.id.startswith("file:coffee.md#") for p in document.passages)
    assert document.passages[1].sentences[1] == "Steam bursts the bean open."
    assert document.pages is None


def test_front_matter_is_left_out_and_none_is_needed():
    text = "---\ntitle: 7\nother: [\n---\nPlain words without any heading are a passage of their own."
    (only,) = read_document("a.markdown", text.encode()).passages
    assert only.text.startswith("Plain words")
    assert only.section == "a.markdown"


def test_plain_text_is_cut_at_blank_lines_and_says_the_line():
    long = " ".join(f"Sentence number {n} has six words." for n in range(60))
    text = f"Title\n\nA first paragraph that is long enough{' to stand' * 12} alone.\n\n{long}\n\nThe end of it."
    document = read_document("notes.txt", text.encode())
    assert document.passages[0].text.startswith("Title")
    assert document.passages[0].section == "line 1"
    assert document.passages[1].section == "line 5"
    assert all(len(p.text.split()) <= 120 for p in document.passages)
    assert " ".join(p.flat for p in document.passages).count("Sentence number") == 60


def test_a_pdf_gives_pages_whole_words_and_no_running_heads():
    head = "Tidal Power Review 2024"
    document = read_document(
        "tides.pdf",
        pdf(
            [head, "Tidal turbines turn with the cur-", "rent of the sea. They are well-known and", "1"],
            [head, "Some are well-", "known since 1966. The sentence goes on over the", "2"],
            [head, "end of its page. A barrage blocks a river mouth (at high tide).", "3"],
        ),
    )
    texts = {p.section: p.flat for p in document.passages}
    assert document.pages == 3
    assert "turn with the current of the sea" in texts["page 1"]
    assert "Some are well-known since 1966." in texts["page 2"]
    assert texts["page 2"].endswith("over the end of its page.")
    assert texts["page 3"] == "A barrage blocks a river mouth (at high tide)."
    assert not any(head in text for text in texts.values())


@pytest.mark.parametrize(
    "data",
    [
        "Café au lait is coffee with hot milk.".encode(),
        "Café au lait is coffee with hot milk.".encode("utf-8-sig"),
        "Café au lait is coffee with hot milk.".encode("utf-16"),
        "Café au lait is coffee with hot milk.".encode("cp1252"),
        b"Caf\xc3\xa9 au lait\r\nis coffee with hot milk.",
    ],
)
def test_text_of_other_encodings_is_read(data):
    assert read_document("a.txt", data).passages[0].flat == "Café au lait is coffee with hot milk."


def test_a_dollar_does_not_hide_the_ends_of_sentences():
    (passage,) = read_document("a.txt", b"It costs $5 a day. Rent is $9. The rest is free. Nobody pays twice.").passages
    assert len(passage.sentences) == 4


def test_hostile_text_is_only_text():
    text = "# <img src=x onerror=alert(1)> {{7*7}}\n\n<script>alert(1)</script>\n\n"
    text += "The kettle\x07 \x1b[31mboils\u202e at 100 degrees. {% raw %}"
    (passage,) = read_document("<b>.md", text.encode()).passages
    assert passage.flat == "The kettle [31mboils at 100 degrees. {% raw %}"
    source = source_record(Source("i", passage.lesson, passage.section, passage.text, 1.0, passage.text, "s", own=True))
    card = source_card(source, 1)
    assert "&lt;b&gt;.md" in card
    assert "<script" not in card
    assert "<img" not in card


def test_names_are_cleaned():
    assert clean_name("C:\\me\\../x/no\u202etes\n.pdf") == "notes .pdf"
    assert len(clean_name("y" * 500 + ".pdf")) <= 80
    assert clean_name("y" * 500 + ".pdf").endswith(".pdf")
    assert clean_name("") == "file"


# What cannot be read --------------------------------------------------------------------------------------------------------


BAD = {
    "locked": ("a.pdf", pdf(["Secret words."], password="hush"), "without the password"),
    "broken": ("a.pdf", pdf(["Some words on a page."])[:400], "new PDF"),
    "no PDF": ("a.pdf", b"Plain text that calls itself a PDF.", "no PDF"),
    "scan": ("a.pdf", pdf([], []), "OCR"),
    "pages": ("a.pdf", pdf(*[["Some words."]] * (MOST_PAGES + 1)), "at most 300"),
    "large": ("a.txt", b"word " * (LARGEST // 5 + 1), "at most 5 MB"),
    "long": ("a.txt", b"Some words. " * (MOST_CHARACTERS // 10), "400,000 characters"),
    "empty": ("a.md", b" \n\t\n", "empty"),
    "no text": ("a.md", b"```\n1 + 1\n```\n\n![x](y.png)", "no text"),
    "binary": ("a.md", bytes(range(256)) * 20, "UTF-8"),
    "control": ("a.txt", b"\x01\x02\x03\x04 hello there " * 20, "UTF-8"),
    "utf-16 without mark": ("a.txt", "Café au lait".encode("utf-16-le"), "UTF-8"),
    "odd utf-16": ("a.txt", b"\xff\xfea", "UTF-8"),
    "renamed": ("a.md", pdf(["Some words."]), "end in .pdf"),
    "kind": ("a.docx", b"PK\x03\x04", "Markdown (.md)"),
    "no ending": ("README", b"Some words here.", "Markdown (.md)"),
    "pieces": ("a.md", b"ab\n\n" * 90_000, "too many pieces"),
    "sentences": ("a.txt", b"A. B. " * 60_000, "too many pieces"),
}


@pytest.mark.parametrize(("name", "data", "said"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_line_that_names_the_fix(name, data, said):
    with pytest.raises(InputError) as caught:
        read_document(name, data)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_read_apart_is_the_same():
    data = pdf(["A barrage blocks a river mouth at high tide."], ["A lagoon is a walled basin."])
    assert result(read_apart("tides.pdf", data)) == read_document("tides.pdf", data)
    with pytest.raises(InputError, match="OCR"):
        result(read_apart("scan.pdf", pdf([])))


def test_what_unpacks_to_gigabytes_is_refused_soon():
    started = time.monotonic()
    with pytest.raises(InputError, match="new PDF"):
        result(read_apart("bomb.pdf", bomb(300 * 2**20)))
    assert time.monotonic() - started < 90


def test_what_takes_for_ever_is_given_up_and_its_process_ends():
    brackets = b"[" * 390_000  # a parser of Markdown takes long over these
    with pytest.raises(InputError, match="too long"):
        result(read_apart("a.md", brackets, seconds=0.5))
    reading = read_apart("a.md", brackets)
    next(reading)
    started = time.monotonic()
    reading.close()
    assert time.monotonic() - started < 5


# Questions ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "what is this document about?",
        "Summarize my file, please",
        "main points of the pdf in simple words",
        "give me a short summary of this paper",
        "what's in notes.pdf?",
        "can you sum up what I just uploaded",
    ],
)
def test_a_question_about_the_whole_file(question):
    about = about_file(question, "notes.pdf")
    assert about is not None
    assert about.whole


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("what does my file say about tides?", "tides"),
        ("According to the document, how are beans stored?", "how are beans stored"),
        ("does notes.pdf mention storage", "storage"),
    ],
)
def test_a_question_about_something_in_the_file(question, query):
    about = about_file(question, "notes.pdf")
    assert about is not None
    assert (about.whole, about.query) == (False, query)


@pytest.mark.parametrize(
    "question", ["What is a GAN?", "how does that produce text", "how does a model read the document"]
)
def test_other_questions_do_not_speak_of_the_file(question):
    assert about_file(question, "notes.pdf") is None


def test_short_messages_mean_the_file_right_after_it_was_added():
    assert as_meant(["summarize it"], "n.md") == ["summarize my file"]
    assert as_meant(["what does it say about tides?", "and storage?"], "n.md") == [
        "what does my file say about tides?",
        "what does my file say about storage?",
    ]
    assert as_meant(["What is a GAN?", "summarize it"], "n.md") == ["What is a GAN?", "summarize it"]
    assert speaks_of_own_file("what does my pdf say")
    assert not speaks_of_own_file("what is this document about")


# Answers --------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tutor(lessons, tmp_path_factory):
    from tests.conftest import ReadyLoader

    cache = tmp_path_factory.mktemp("cache")
    model = ScriptedModel([WRITTEN] * 50)
    return Tutor(lessons, cache, ReadyLoader(model), ReadyLoader(built_in_painter()))


@pytest.fixture(scope="module")
def coffee(tutor):
    return Attached(result(tutor.add("coffee.md", COFFEE.encode())))


def answer(tutor, file, message, earlier=()):
    quote = None
    for event in tutor.reply(message, earlier, file):
        assert not isinstance(event, Failure), event
        if isinstance(event, Quote):
            quote = event.source
        if isinstance(event, Answered):
            return event.answer, quote
    return None


def test_what_only_the_file_answers_is_answered_and_marked(tutor, coffee):
    said, quote = answer(tutor, coffee, "What is first crack?")
    assert not said.refused
    assert quote.own
    assert quote.id == "file:coffee.md#first-crack"
    assert said.written_by == "scripted"
    assert all(source.own for source in said.sources)
    assert said.sentences[0].source == "file:coffee.md#first-crack"


def test_the_course_still_answers_and_neither_is_refused(tutor, coffee):
    said, quote = answer(tutor, coffee, "What is a coral reef?")
    assert not said.refused
    assert not quote.own
    for question in ("who won the world cup in 1998", "how do I sell my car"):
        said, _ = answer(tutor, coffee, question)
        assert said.refused
        assert "your file" in said.answer
    assert answer(tutor, None, "What is first crack?")[0].refused


def test_the_whole_file_is_answered_by_its_beginning(tutor, coffee):
    for message, earlier in (
        ("what is this document about?", []),
        ("summarize it", []),
        ("simpler, please", ["what is my file about?"]),
    ):
        _, quote = answer(tutor, coffee, message, earlier)
        assert quote.own
        assert quote.quote.startswith("A home roaster turns")


def test_what_is_asked_of_the_file_is_not_answered_by_the_course(tutor, coffee):
    said, quote = answer(tutor, coffee, "what does my file say about coral reefs?")
    assert said.refused
    assert "can't find that in your file coffee.md" in said.answer
    said, quote = answer(tutor, coffee, "what does my file say about storage?")
    assert quote.section == "Storage"
    said, quote = answer(tutor, coffee, "and the cost?", ["what does my file say about storage?"])
    assert quote.section == "Cost"


def test_it_means_the_file_only_after_it_was_added(tutor, coffee):
    later = Attached(coffee.document, 1)
    assert answer(tutor, later, "summarize it", ["What is a coral reef?"])[1].own
    said, quote = answer(tutor, None, "what does my file say about storage?")
    assert (said.answer, quote) == (NO_FILE, None)


def test_the_course_is_not_encoded_again_and_nothing_is_written(tutor, coffee, tmp_path_factory):
    cache = tutor._cache
    before = sorted((path, path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file())
    encoded = []
    index = tutor._library._searcher.index
    plain = index._encode
    index._encode = lambda texts: (encoded.extend(texts), plain(texts))[1]
    try:
        steps = list(tutor.add("other.md", b"The lighthouse of Brank was built by Ada Vorn in 1871, and it is red."))
    finally:
        index._encode = plain
    assert steps
    assert {step.stage for step in steps} == {"adding"}
    assert len(encoded) == 2
    assert sorted((path, path.stat().st_mtime_ns) for path in cache.rglob("*") if path.is_file()) == before


def test_a_file_that_is_forgotten_leaves_nothing_and_few_are_kept(tutor, coffee):
    for n in range(MOST + 1):
        document = result(tutor.add(f"n{n}.md", f"The tower number {n} is made of grey stone and has a bell.".encode()))
    assert len(tutor._library) == MOST
    _, quote = answer(tutor, coffee, "What is first crack?")  # it went, and is prepared again
    assert quote.own
    tutor.forget(document)
    tutor.forget(coffee.document)
    assert coffee.document.key not in tutor._library._ready
    assert document.key not in tutor._library._ready


def test_adding_can_be_stopped(tutor):
    adding = tutor.add("coffee.md", COFFEE.encode() * 20)
    assert isinstance(next(adding), Status)
    adding.close()
    assert not any(thread.name == "reading" for thread in threading.enumerate())


# The page -------------------------------------------------------------------------------------------------------------------


def shown_turn(tutor, coffee):
    said, quote = answer(tutor, coffee, "What is first crack?")
    sentences = tuple(SentenceRecord(text=s.text, number=s.number) for s in said.sentences)
    sources = tuple(map(source_record, said.sources))
    return Turn(
        question="What is first crack?",
        quote=source_record(quote),
        sentences=sentences,
        sources=sources,
        written_by="scripted",
    )


def test_the_browser_keeps_nothing_of_the_file(tutor, coffee):
    files = Files()
    files.put("tab", coffee)
    turn = shown_turn(tutor, coffee)
    kept = files.kept("tab", turn)
    text = json.dumps(kept.model_dump())
    assert "popping" not in text
    assert "Steam" not in text
    assert "coffee.md" in text
    conversation = Conversation(turns=(kept,))
    assert files.whole("tab", conversation).turns[0] == turn
    assert files.whole("another tab", conversation) == conversation
    assert "coffee.md" in reminder(conversation)
    assert files.end("tab") == [coffee]
    assert files.whole("tab", conversation) == conversation
    assert files.file("tab", 0) is None
    assert reminder(Conversation()) == ""


def test_an_answer_from_the_course_is_kept_as_it_is(tutor):
    said, quote = answer(tutor, None, "What is a coral reef?")
    turn = Turn(question="q", quote=source_record(quote))
    assert Files().kept("tab", turn) is turn
    assert said.sources


def test_tabs_are_bounded_and_do_not_share(coffee):
    files = Files()
    for n in range(MOST_TABS + 2):
        files.put(f"tab {n}", coffee)
    assert files.file("tab 0", 5) is None
    assert files.file(f"tab {MOST_TABS}", 5) == coffee
    assert files.put(f"tab {MOST_TABS}", None) == []  # others still ask about it
    assert files.file(f"tab {MOST_TABS}", 5) is None


def test_the_page_says_your_file_instead_of_a_lesson(tutor, coffee):
    html = messages(Conversation(turns=(shown_turn(tutor, coffee),)))[1]["content"]
    assert "From your file: " in html
    assert "coffee.md, “First crack”" in html
    assert "Your file: coffee.md" in html
    assert 'class="chip own to-1"' in html
    assert "Source in your file, " in html
    assert "Open the lesson" not in html
    assert "From the course" not in html


@pytest.fixture
def page(tutor):
    """The handlers of a page, and what its script sends for a file."""
    names = ("chatbot", "composer", "send", "stop", "stage", "store", "file", "remove", "back")
    busy, files, parts = Busy(), Files(), Parts(**{name: name for name in names})
    own_file = OwnFile(tutor, busy, files, parts)
    handlers = SimpleNamespace(
        chat=Chat(tutor, busy, files, parts),
        files=files,
        history=History(busy, files, own_file),
        own_file=own_file,
    )
    sent = {"name": "coffee.md", "size": len(COFFEE), "data": base64.b64encode(COFFEE.encode()).decode()}
    return handlers, json.dumps(sent), SimpleNamespace(session_hash="tab")


def test_a_closed_tab_leaves_nothing_of_the_file(page, tutor):
    page, sent, tab = page
    updates = list(page.own_file.add(sent, {}, tab))
    assert any("coffee.md" in str(update.get("file")) for update in updates)
    assert "is ready" in updates[-1]["stage"]
    file = page.files.file("tab", 0)
    assert file.document.key in tutor._library._ready
    page.history.leave(tab)
    assert page.files.file("tab", 0) is None
    assert file.document.key not in tutor._library._ready


def test_a_new_conversation_and_the_button_take_the_file_away(page, tutor):
    page, sent, tab = page
    for away in (lambda: page.history.clear({}, tab), lambda: page.own_file.remove(tab)):
        list(page.own_file.add(sent, {}, tab))
        key = page.files.file("tab", 0).document.key
        away()
        assert page.files.file("tab", 0) is None
        assert key not in tutor._library._ready


def test_stop_leaves_the_page_without_the_file(page):
    page, sent, tab = page
    updates = page.own_file.add(sent, {}, tab)
    next(updates)
    page.chat.halt(tab)
    *_, last = updates
    assert "Stopped. coffee.md was not added." in last["stage"]
    assert page.files.file("tab", 0) is None
    list(page.own_file.add(None, {}, tab))
    assert (
        "at most 5 MB" in list(page.own_file.add(json.dumps({"name": "a.md", "size": 6_000_000}), {}, tab))[-1]["stage"]
    )


def test_after_a_reload_the_page_asks_for_the_file_again(page):
    page, _, tab = page
    assert "Your file x.md was not kept" in page.own_file.remind({"turns": [{"question": "q", "file": "x.md"}]}, tab)


def test_what_the_script_sends_is_checked():
    sent = {"name": "a/b.md", "size": 5, "data": base64.b64encode(b"hello").decode()}
    assert taken(json.dumps(sent)) == ("b.md", b"hello")
    for wrong, said in (
        ("nonsense", "Add it again"),
        ("[1]", "Add it again"),
        (json.dumps({**sent, "data": "%%%"}), "Add it again"),
        (json.dumps({"name": "a.pdf", "size": 6_000_000}), "at most 5 MB"),
        (json.dumps({**sent, "data": "A" * 8_000_000}), "at most 5 MB"),
        (json.dumps({**sent, "failed": True}), "not a folder"),
    ):
        with pytest.raises(InputError, match=said):
            taken(wrong)


# The command line -------------------------------------------------------------------------------------------------------------


def test_the_command_line_answers_from_a_file(here, tmp_path, lessons):
    path = tmp_path / "tides.pdf"
    path.write_bytes(
        pdf(["The barrage at Saint Brank makes 240 megawatts of power. It was opened by Ada Vorn in 1966."])
    )
    asked = "Who opened the barrage at Saint Brank?"
    code, out, error = here("ask", "--json", "--lesson-dir", str(lessons), "--file", str(path), asked)
    assert code == 0, error
    found = json.loads(out)
    assert not found["refused"]
    assert found["sources"][0]["id"] == "file:tides.pdf#page-1"
    assert found["sources"][0]["section"] == "page 1"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [("a.docx", b"PK", "Markdown"), ("a.txt", b"x" * (LARGEST + 1), "5 MB"), ("", b"", "cannot be read")],
)
def test_a_bad_file_on_the_command_line_is_one_line(here, tmp_path, lessons, name, data, said):
    path = tmp_path / (name or "nowhere.md")
    if name:
        path.write_bytes(data)
    code, out, error = here("ask", "--lesson-dir", str(lessons), "--file", str(path), "What is it?")
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1


def test_events_of_a_refusal_say_so_in_text(tutor, coffee):
    texts = [e.markdown for e in tutor.reply("who won the world cup in 1998", (), coffee) if isinstance(e, Text)]
    assert texts == [texts[0]]
    assert "from the course or from your file" in texts[0]
