"""Templates are compiled when first shown; this compiles them all."""

from seestackd.web.pages.templating import environment
from tests.rows import rows


@rows("name", environment().list_templates())
def test_every_template_compiles(name: str) -> None:
    environment().get_template(name)
