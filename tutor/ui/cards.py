"""The glossary as the page's script needs it: for each term its text, its lesson and the words by which a text names it.

The script (`glossary.js`) marks them where lessons and answers are shown, after everything else has been drawn, because the chat's
sanitizer drops what a screen reader needs. It leaves out what stands in maths, links, code, buttons and headings.
"""

import json
from collections.abc import Sequence
from html import escape

from tutor.glossary import Term, is_everyday


def cards(terms: Sequence[Term]) -> str:
    """JSON for the script, in hidden text; empty without terms. Of each form: how it is written, and whether everyday texts use it too."""
    if not terms:
        return ""
    values = [
        {
            "slug": term.slug,
            "name": term.name,
            "lesson": term.lesson,
            "text": term.text,
            "forms": [form for form in term.forms if not is_everyday(form)],
            "everyday": [form for form in term.forms if is_everyday(form)],
        }
        for term in terms
    ]
    return f'<div id="glossary-cards" hidden>{escape(json.dumps(values, ensure_ascii=False))}</div>'
