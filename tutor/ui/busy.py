"""One piece of work at a time for each tab, and the Stop of each."""

import threading


class Busy:
    """Which sessions are being worked for. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def begin(self, session: str) -> threading.Event | None:
        """The Stop of new work; None while there is other work of this session."""
        with self._lock:
            if session in self._stops:
                return None
            return self._stops.setdefault(session, threading.Event())

    def end(self, session: str) -> None:
        with self._lock:
            self._stops.pop(session, None)

    def stop(self, session: str) -> None:
        """Stop what runs, if anything does."""
        with self._lock:
            if (stop := self._stops.get(session)) is not None:
                stop.set()

    def __contains__(self, session: str) -> bool:
        with self._lock:
            return session in self._stops
