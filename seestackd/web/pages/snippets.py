"""Lines that make a job report, ready to be pasted."""

from seestackd.core.monitor import Monitor


def snippets(monitor: Monitor, base: str, secret: str | None) -> tuple[tuple[str, str], ...]:
    """Return (title, text) of each way; `base` is the address of the daemon, `secret` a key for ping URLs."""
    url = f"{base}/ping/{monitor.ping_id}" if secret is None else f"{base}/ping/{secret}/{monitor.slug}"
    schedule = monitor.schedule.text if monitor.schedule.kind == "cron" else "*/5 * * * *"
    key = "" if secret is None else f"SEESTACKD_PING_KEY={secret} "
    fetch = "curl -fsS -m 10 --retry 5 -o /dev/null"
    return (
        ("curl", f"{schedule} your-job; {fetch} {url}/$?"),
        ("Wrapper", f"{schedule} {key}seestackd run {monitor.slug} --url {base} -- your-job"),
        ("systemd", f"[Service]\nExecStartPre=-{fetch} {url}/start\nExecStopPost=-{fetch} {url}/${{EXIT_STATUS}}"),
        ("Python", f'import urllib.request\n\nurllib.request.urlopen("{url}", timeout=10)'),
    )
