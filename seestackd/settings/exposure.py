"""Which settings files show a secret to everybody on the machine."""

from pathlib import Path

from seestackd.settings.files import files_of, read_files

_READ, _ENTER = 0o004, 0o001


def exposed(file: Path | None, system_file: Path) -> list[Path]:
    """Return the files that hold a URL of a channel or of the outside service, and that any user can read.

    One that a variable stands for is no secret of the file. Raises BadSettings.
    """
    files = files_of(file, system_file)
    said = read_files(files)
    holders = {
        place.file
        for path, place in said.places.items()
        if path[-1] == "url" and path[0] in ("channels", "deadman") and not _is_variable(said.raw, path)
    }
    return [holder for holder in files if holder in holders and _open_to_all(holder)]


def _is_variable(raw: object, path: tuple[str, ...]) -> bool:
    for name in path:
        raw = raw.get(name) if isinstance(raw, dict) else None
    return not raw or (isinstance(raw, str) and raw.startswith("${") and raw.endswith("}"))


def _open_to_all(file: Path) -> bool:
    place = file.resolve()
    return bool(place.stat().st_mode & _READ) and all(folder.stat().st_mode & _ENTER for folder in place.parents)
