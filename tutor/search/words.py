"""Words of a text as BM25 and the support check compare them: lower case, no stop words, endings cut by Snowball's stemmer."""

import re
import threading
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_STEMMER = snowballstemmer.stemmer("english")
_LOCK = threading.Lock()
_STOP = frozenset(
    re.findall(
        r"\w+",
        """
a about after all also am an and any anyone anything are as at be because been being both but by can could did
do does doing done each either else ever every for from get gets give given gives go goes got had has have
having he her here hers him his how i if in into is it its itself just let like make makes many may me might
more most much must my no nor not now of off often on once one only or other our out over own per please same
shall she should so some still such tell than that the their them then there these they thing things this those
through to too under until up us use used uses using very was way we well were what when where whether which
while who whom whose why will with would you your yours explain describe define mean means meaning actually
really im dont doesnt whats vs versus between
""",
    )
)


def content_words(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeats kept."""
    return [stem(word) for word in _WORD.findall(text.lower()) if word.replace("'", "").replace("’", "") not in _STOP]


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The word without its ending (Snowball's English stemmer)."""
    with _LOCK:  # the stemmer keeps its place in the word on itself
        return str(_STEMMER.stemWord(word.replace("’", "'")))
