"""Painting that cannot be asked for step by step, as an iterator of steps: it runs in a thread and reports."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Final

from tutor.image.base import ImageStep

_POLL = 0.1
"""Seconds between signs of life."""
_LAST_BREATH = 0.4
"""Seconds that a closed iterator waits for its thread to end."""
_END: Final = object()

Work = Callable[[Callable[[ImageStep], None], threading.Event], None]
"""Called with where to report steps, and an event after which it should end soon."""


def steps_of(work: Work) -> Iterator[ImageStep]:
    """The steps that `work` reports; the last one again about ten times a second until the next, number 0 before the first.

    Closing it sets the event. Raises what `work` raises.
    """
    ready: queue.Queue[object] = queue.Queue()
    stop = threading.Event()

    def run() -> None:
        try:
            work(ready.put, stop)
        except Exception as error:  # noqa: BLE001 - handed to the reader, who raises it in its own thread
            ready.put(error)
        finally:
            ready.put(_END)

    thread = threading.Thread(target=run, daemon=True, name="painter")
    thread.start()
    last = ImageStep(0, 0, (), ())
    try:
        while True:
            try:
                item = ready.get(timeout=_POLL)
            except queue.Empty:
                yield last
                continue
            if item is _END:
                return
            if isinstance(item, Exception):
                raise item
            assert isinstance(item, ImageStep)
            last = item
            yield last
    finally:
        stop.set()
        thread.join(_LAST_BREATH)
