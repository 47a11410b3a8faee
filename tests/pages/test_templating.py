"""Templates are compiled when first shown; this compiles them all."""

import pytest

from seestackd.web.pages.templating import environment


@pytest.mark.parametrize("name", environment().list_templates())
def test_every_template_compiles(name: str) -> None:
    environment().get_template(name)
