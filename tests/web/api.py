"""A console as the tests use it: a client of the management API with a key of its own."""

from dataclasses import dataclass
from typing import Any

from seestackd.core.keys import Scope, make_secret
from seestackd.operations import keys, projects
from seestackd.store.interface import Project
from tests.web.conftest import Answer, Daemon

BODY = {"name": "Nightly backup", "slug": "nightly-backup", "schedule": "1h"}


@dataclass
class Console:
    """Calls the API with one key."""

    daemon: Daemon
    key: str
    project: Project

    async def call(self, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None) -> Answer:
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        return await self.daemon.send(f"/api/v1{path}", body, method=method, key=None, headers=sent)

    async def get(self, path: str) -> Any:
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.json["data"]

    async def post(self, path: str, body: Any = b"") -> Any:
        answer = await self.call("POST", path, body)
        assert answer.status in (200, 201), answer.body
        return answer.json["data"]

    async def heartbeat(self, slug: str, status: str = "success", message: str | None = None) -> None:
        body = {"slug": slug, "status": status, "durationMs": 1200, "message": message}
        answer = await self.daemon.send("/ingest/v1/heartbeat", body, key=self.key)
        assert answer.status == 202, answer.body


async def console(daemon: Daemon, scope: Scope = Scope.ADMIN, project: str = "default") -> Console:
    """Make a key, and a project for it when there is none."""
    mark = hash((scope, project)) % 250
    secret = make_secret(bytes([mark, len(project), len(scope)]) * 11)
    home = await daemon.runner.run(keys.ensure_project, keys.EnsureProject(project, project))
    made = await daemon.runner.run(keys.create, keys.CreateKey(home.id, f"{scope}-key", scope, secret))
    assert made.project_id == home.id
    viewer = projects.Viewer(home.id, everything=True)
    found = await daemon.runner.read(projects.shown, projects.ProjectOf(viewer, home.uid))
    return Console(daemon, secret, found)
