"""Healthchecks as its docker configuration runs it: its own uwsgi.ini (four processes, two loops beside), on SQLite.

Wants a checkout with `.venv` in it: `python3 -m venv .venv && .venv/bin/pip install -r requirements.txt uwsgi`.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.fleet import running
from tests.ports import free_port

KEY = "bench" + "0" * 17
_FILL = """
from django.contrib.auth.models import User
from hc.accounts.models import Profile, Project
from hc.api.models import Check
owner = User.objects.create(username="bench", email="bench@example.org")
Profile.objects.for_user(owner)
project = Project.objects.create(owner=owner, ping_key={key!r})
names = ["job-%06d" % number for number in range({monitors})]
Check.objects.bulk_create([Check(project=project, slug=name, name=name) for name in names])
"""


@contextmanager
def healthchecks(checkout: Path, folder: Path, monitors: int) -> Iterator[tuple[str, int]]:
    """Run it on a database of `monitors` checks, to be reported by `KEY` and slug; gives address and process id."""
    port = free_port()
    environment = {
        "PATH": f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}", "DB": "sqlite",
        "DB_NAME": str(folder / "healthchecks.sqlite"), "SECRET_KEY": "bench", "DEBUG": "False", "ALLOWED_HOSTS": "*",
        "SITE_ROOT": f"http://127.0.0.1:{port}", "USE_GZIP_MIDDLEWARE": "True", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    for words in (["migrate"], ["shell", "-c", _FILL.format(key=KEY, monitors=monitors)]):
        command = [str(checkout / "manage.py"), *words]
        subprocess.run(
            command, cwd=checkout, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    config = folder / "uwsgi.ini"
    theirs = (checkout / "docker" / "uwsgi.ini").read_text()
    config.write_text(theirs.replace("/opt/healthchecks", str(checkout)).replace("= :8000", f"= 127.0.0.1:{port}"))
    with running(["uwsgi", str(config)], port, folder / "healthchecks.log", environment) as process:
        yield f"http://127.0.0.1:{port}", process.pid
