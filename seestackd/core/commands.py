"""Shell commands: what a person would call them, and whether a shell is needed for them."""

import re
import shlex
from collections.abc import Iterator

# What a shell runs itself, or what stands before the job proper.
_BUILT_IN = frozenset(
    [
        ".",
        ":",
        "[",
        "[[",
        "alias",
        "bg",
        "break",
        "builtin",
        "case",
        "cd",
        "command",
        "continue",
        "declare",
        "do",
        "done",
        "echo",
        "elif",
        "else",
        "esac",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fg",
        "fi",
        "for",
        "function",
        "getopts",
        "hash",
        "if",
        "in",
        "jobs",
        "local",
        "printf",
        "pwd",
        "read",
        "readonly",
        "return",
        "select",
        "set",
        "shift",
        "sleep",
        "source",
        "test",
        "then",
        "time",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "until",
        "wait",
        "while",
        "!",
        "{",
        "}",
        "(",
        ")",
    ]
)
_NOT_THE_JOB = _BUILT_IN - {"exec", "command", "time", "eval"}
_THEN = frozenset({"then", "do", "else", "!"})
# Words before a command, with the options of theirs that take a value.
_BEFORE = {
    "chronic": "", "command": "", "env": "uSC", "eval": "", "exec": "a", "flock": "wEc", "ionice": "cnp", "nice": "n",
    "nohup": "", "setsid": "", "stdbuf": "ioe", "sudo": "ugprtCDhRTU", "systemd-cat": "tp", "systemd-run": "pu",
    "time": "fo", "timeout": "ks", "chrt": "", "doas": "uC", "setpriv": "", "unbuffer": "", "runuser": "ugc",
}  # fmt: skip
_PLUS_ONE = frozenset({"flock", "timeout", "chrt"})
_INTERPRETERS = re.compile(r"(?:ba|da|z|k|c)?sh|(?:python|php|perl|ruby|node|java|Rscript|tclsh)[0-9.]*")
_CONTROL = frozenset({"&&", "||", ";", ";;", "&", "|&"})
_SAFE = re.compile(r"[A-Za-z0-9_@+=:,./ \t-]+")
_SUFFIX = re.compile(r"\.(?:sh|bash|py|pl|php|rb|js|jar|cgi|R)$", re.IGNORECASE)
MAX_SLUG = 80


def name_of(command: str) -> str:
    """Return a slug for a shell command by the program that it is about; empty when none can be told."""
    for words in _parts(command):
        named = _name(words)
        if named:
            return named
    return ""


def stands_alone(command: str) -> bool:
    """Return whether the words of a command mean the same to a program that runs it without a shell."""
    if not _SAFE.fullmatch(command):
        return False
    first = command.split()[0] if command.split() else ""
    return bool(first) and "=" not in first and first not in _BUILT_IN and not first.startswith("-")


def shell_quoted(text: str) -> str:
    """Return a text as one word of a shell."""
    return shlex.quote(text)


def _parts(command: str) -> Iterator[list[str]]:
    """Yield the words of each simple command, leaving out what follows a pipe."""
    # What a substitution runs is not the job.
    command = re.sub(r"\$\([^()]*\)|`[^`]*`", "x", command)
    lexer = shlex.shlex(command, posix=True, punctuation_chars="();&|<>{}")
    lexer.whitespace_split = True
    words: list[str] = []
    piped = False
    try:
        for word in lexer:
            if word in _CONTROL or not word.strip("();{}"):
                yield words
                words, piped = [], False
            elif word == "|":
                piped = True
            elif not piped:
                words.append(word)
    except ValueError:
        # A quote that is never closed: the words so far have to do.
        words = words or command.split()
    yield words


def _name(words: list[str]) -> str:
    words = _past_what_is_before(words)
    if not words:
        return ""
    program = _base(words[0])
    if program in _NOT_THE_JOB or program.startswith((">", "<")):
        return ""
    if program == "run-parts":
        return _slug(next((_base(word) for word in words[1:] if word.startswith("/")), program))
    if _INTERPRETERS.fullmatch(program):
        return _script(program, words[1:])
    return _slug(_stem(program))


def _past_what_is_before(words: list[str]) -> list[str]:
    """Return the words from the program on that does the job: past assignments, sudo, nice, flock and their like."""
    while words:
        program = _base(words[0])
        if words[0] in _THEN or re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
            words = words[1:]
        elif program == "command" and words[1:2] in (["-v"], ["-V"]):
            return []
        elif program in _BEFORE:
            words = _past_options(words[1:], _BEFORE[program])
            words = words[1:] if program in _PLUS_ONE else words
        else:
            return words
    return words


def _past_options(words: list[str], valued: str) -> list[str]:
    while words and words[0].startswith("-") and words[0] != "-":
        option = words[0]
        takes_next = not option.startswith("--") and len(option) == 2 and option[1] in valued
        words = words[2 if takes_next else 1 :]
        if option == "--":
            break
    return words


def _script(interpreter: str, words: list[str]) -> str:
    for number, word in enumerate(words):
        if word in ("-c", "-e", "-lc", "-r") and number + 1 < len(words):
            # A line of Perl has no name; the command after it may.
            return name_of(words[number + 1]) if "sh" in interpreter else ""
        if word in ("-m", "-jar") and number + 1 < len(words):
            return _slug(_stem(words[number + 1]) if word == "-jar" else words[number + 1])
        if not word.startswith("-"):
            return _slug(_stem(word))
    return _slug(interpreter)


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def _stem(path: str) -> str:
    return _SUFFIX.sub("", _base(path))


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_SLUG].strip("-")
