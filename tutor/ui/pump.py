"""Run an iterator of events in a worker thread, so that Stop and a closed tab are noticed while the next event is still on its way."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Final

from tutor.events import Event

_POLL = 0.2
"""Seconds between two looks at Stop."""
_END: Final = object()


def pump(events: Iterator[Event], stop: threading.Event) -> Generator[Event | None, None, None]:
    """The events, and None at once and then about five times a second while there is none. Ends soon after `stop` is set.

    The thread begins with the first None, so that a caller can show something while the first event is made. Closing this iterator
    closes `events` too, at its next event.
    """
    ready: queue.Queue[object] = queue.Queue()
    over = threading.Event()

    def work() -> None:
        last = None
        try:
            for event in events:
                if event is not last:  # the same again is a sign of life
                    ready.put(event)
                last = event
                if over.is_set():
                    break
        except Exception as error:  # noqa: BLE001 - handed to the caller, who raises it in its own thread
            ready.put(error)
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()
            ready.put(_END)

    threading.Thread(target=work, daemon=True, name="turn").start()
    try:
        yield None
        while not stop.is_set():
            try:
                item = ready.get(timeout=_POLL)
            except queue.Empty:
                yield None
                continue
            if item is _END:
                return
            if isinstance(item, Exception):
                raise item
            yield item  # type: ignore[misc]
    finally:
        over.set()
