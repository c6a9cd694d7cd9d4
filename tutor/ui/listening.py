"""The socket that the page is served on, taken before anything is claimed, so that a taken port or a wrong address is one clear line."""

import errno
import os
import socket

from tutor.errors import SettingsError


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises SettingsError that names the variable to change."""
    taken = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        if os.name == "posix":  # elsewhere this would share a port that is taken
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, port))
        taken.listen(2048)  # those who come early wait
    except (OSError, TypeError) as error:  # the latter: a name that cannot be one
        taken.close()
        raise SettingsError(_why(host, port, getattr(error, "errno", None))) from None
    return taken


def address(host: str, port: int) -> str:
    """Where a browser finds the page."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(host: str, port: int, number: int | None) -> str:
    if number == errno.EADDRINUSE:
        other = port % 65535 + 1
        return f"Port {port} is taken, perhaps by another tutor. Close that, or set TUTOR_PORT to another number, such as {other}."
    if number == errno.EACCES:
        return f"Port {port} may not be used by you. Set TUTOR_PORT to a number from 1024 to 65535."
    return f"TUTOR_HOST={host!r} is no address of this machine. Set it to 127.0.0.1, or to 0.0.0.0 for every network."
