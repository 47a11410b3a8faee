"""The dashboard: HTML pages for people.

How to add a page. One module per noun holds its handlers, `async def shown(site, visit) -> web.StreamResponse`; the URL
goes into `routes.py`. A page that shows something ends in

    return await site.show(visit, "incidents.html", lambda tx, at: {"incidents": listed(tx, command, at)})

The function reads through operations; it and the template run on a reader's thread, so neither blocks the event loop.
The template begins with `{% extends "layout.html" %}` and `{% set here = "/i" %}` (its place in the navigation), has
what pages share as `m` (`macros.html`), shows instants with `times.full(at, zone)` and `times.ago(at, zone)`, foreign
text with `|visible`, and links with `{{ link('/i') }}`, which knows the sub-path. `at` (ms
UTC), `visit` and `zone` are there always. A page that changes something is a second route with POST; its form holds
`{{ m.csrf() }}`; its handler reads `visit.form`, calls `await site.change(...)`, which writes the audit log, and
returns `site.back(visit, "/i")`. Raise NotFound, Invalid and the other errors of `errors.py`: each has its page. Own
styles and scripts go into `static/`, never into the HTML: the content security policy refuses them there.
"""
