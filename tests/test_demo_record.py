"""What a browser keeps of a demo, and how it is drawn: escaped, bounded, and without its reel where room is short."""

import pytest
from PIL import Image
from pydantic import ValidationError

from tutor.events import Frame, Showing, Shown
from tutor.ui.demo_record import DemoRecord, begun, demo_html, ended, with_frame
from tutor.ui.records import Conversation, Turn, trimmed


def record(frames=4, size=(768, 400), noise=0.1):
    made = begun(Showing("gan", "A <b>duel</b>", (("Steps", "3 < 4"),), 7, "Run the gan demo", "All & more"))
    pictures = [Image.effect_noise(size, 30 * noise).convert("RGB") for _ in range(frames)]
    for number, picture in enumerate(pictures, 1):
        made = with_frame(made, Frame(picture, 'Dots "here"', "Look <i>here</i>.", {"hits": 1 / 3}, number / frames))
    return made, tuple(pictures)


def test_a_run_on_its_way_shows_how_far_it_is():
    made, _ = record()
    html = demo_html(made.model_copy(update={"share": 0.5}))
    assert 'class="done-50"' in html
    assert "You predict: All &amp; more" in html
    assert "Take the code" not in html


def test_a_finished_run_has_everything_and_nothing_is_taken_for_html():
    made, pictures = record()
    done = ended(made, Shown("It hit <8>.", 1234.5, "print('<script>')", pictures))
    html = demo_html(done)
    assert "A &lt;b&gt;duel&lt;/b&gt;" in html
    assert "Look &lt;i&gt;here&lt;/i&gt;." in html
    assert 'alt="Dots &quot;here&quot;"' in html
    assert "<script>" not in html
    assert "Measured now, on this machine, in 1,23" in html
    assert "<td>0.3333</td>" in html
    assert 'class="moving"' in html
    assert 'class="still"' in html
    assert "#lab/gan" in html
    assert "#lab/gan" not in demo_html(done, lab=False)
    prepared = demo_html(done.model_copy(update={"prepared": "the networks"}))
    assert "Prepared earlier: the networks" in prepared
    assert DemoRecord.model_validate(done.model_dump()) == done


def test_what_a_browser_sends_is_checked():
    made, _ = record()
    for field, wrong in (
        ("name", "<x>"),
        ("picture", "javascript:"),
        ("reel", '"><script>'),
        ("milliseconds", float("nan")),
    ):
        with pytest.raises(ValidationError):
            DemoRecord.model_validate(made.model_dump() | {field: wrong})


def test_where_room_is_short_the_older_reels_go_first():
    made, pictures = record(6, (768, 400), noise=0.4)
    done = ended(made, Shown("It ran.", 10.0, "print()", pictures))
    conversation = trimmed(Conversation(turns=(Turn(question="run it", demo=done),) * 40))
    kept = [turn.demo for turn in conversation.turns]
    assert kept[-1].reel
    assert kept[-1].strip
    assert not kept[0].picture
    assert {demo.caption for demo in kept} == {done.caption}
    assert sum(demo.size for demo in kept) < 1_300_000


def test_a_picture_that_is_too_large_to_keep_is_made_smaller():
    made, pictures = record(3, (1600, 1600), noise=4)
    done = ended(made, Shown("It ran.", 10.0, "print()", pictures))
    assert DemoRecord.model_validate(done.model_dump()).picture
