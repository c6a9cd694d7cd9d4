"""Prompts are files in prompts/, rendered by Jinja2. A variable that is missing is an error at once."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tutor.settings import PROMPTS


def render(name: str, **variables: object) -> str:
    """The prompt `prompts/<name>.md` with its variables filled in, without the final line break."""
    return _template(name).render(**variables).strip()


@cache
def _template(name: str) -> Template:
    environment = Environment(  # plain text for a model, not HTML: nothing to escape
        loader=FileSystemLoader(PROMPTS),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    return environment.get_template(f"{name}.md")
