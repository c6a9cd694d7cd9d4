"""Every demo there is: the files in `tutor/demos/` that have a `DEMO`, in the order of the course."""

import importlib
import pkgutil
from functools import cache

import tutor.demos
from tutor.errors import InputError
from tutor.workbench.demo import Demo, Line, Number, Option, Parameter, Switch, Value

ORDER = (
    *("apples-and-oranges", "autoencoder", "rnn", "vae", "gan", "transformer", "tasks", "tokens", "sampling"),
    *("diffusion", "dall-e", "training", "fine-tuning", "evaluation", "hallucination"),
)
"""As the course comes to them; one that is not named here comes last."""


@cache
def demos() -> dict[str, Demo]:
    """By name."""
    modules = [importlib.import_module(f"tutor.demos.{m.name}") for m in pkgutil.iter_modules(tutor.demos.__path__)]
    found = [module.DEMO for module in modules if hasattr(module, "DEMO")]
    place = {name: number for number, name in enumerate(ORDER)}
    return {demo.name: demo for demo in sorted(found, key=lambda d: (place.get(d.name, len(place)), d.name))}


def demo_named(name: str) -> Demo:
    """Raises InputError, which lists the names."""
    try:
        return demos()[name]
    except KeyError:
        shown = name if len(name) <= 40 else f"{name[:39]}…"
        raise InputError(f"There is no demo {shown!r}. There are: {', '.join(demos())}.") from None


def defaults(demo: Demo) -> dict[str, Value]:
    return {parameter.name: parameter.default for parameter in demo.parameters}


def checked(demo: Demo, wanted: dict[str, object]) -> dict[str, Value]:
    """The demo's values with those that are wanted. Raises InputError for an unknown name or a value out of bounds."""
    known = {parameter.name: parameter for parameter in demo.parameters}
    values = defaults(demo)
    for name, value in wanted.items():
        if name not in known:
            names = ", ".join(known) or "none"
            raise InputError(f"The demo {demo.name} has no parameter {name!r}. It has: {names}.")
        values[name] = _fitting(known[name], value)
    return values


def checked_seed(seed: int) -> int:
    """Raises InputError when it is no seed."""
    if not 0 <= seed < 2**32:
        raise InputError(f"The seed goes from 0 to {2**32 - 1}.")
    return seed


def _fitting(parameter: Parameter, value: object) -> Value:
    match parameter:
        case Number(name, low=low, high=high):
            try:
                number = float(str(value))
            except ValueError:
                raise InputError(f"{name} is a number from {low:g} to {high:g}, not {str(value)[:40]!r}.") from None
            if isinstance(value, bool) or not low <= number <= high:
                raise InputError(f"{name} is a number from {low:g} to {high:g}, not {str(value)[:40]!r}.")
            return parameter.fitting(number)
        case Option(name, options=options):
            found = next((option for option in options if option.casefold() == str(value).casefold()), None)
            if found is None:
                raise InputError(f"{name} is one of: {', '.join(options)}; not {str(value)[:40]!r}.")
            return found
        case Switch(name):
            words = {
                "true": True,
                "yes": True,
                "on": True,
                "1": True,
                "false": False,
                "no": False,
                "off": False,
                "0": False,
            }
            if str(value).casefold() not in words:
                raise InputError(f"{name} is yes or no, not {str(value)[:40]!r}.")
            return words[str(value).casefold()]
        case Line(name, longest=longest):
            text = " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
            if not text or len(text) > longest:
                raise InputError(f"{name} is a text of 1 to {longest} characters; this has {len(text):,}.")
            return text
