"""The job as a process: started as if we were not there, signals passed on, ended the way it ended."""

import errno
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

Actions = list[tuple[int, int]]
"""Which descriptor becomes which of the command's."""

NOT_FOUND = 127
NOT_EXECUTABLE = 126
SIGNALLED = 128

RELAYED = frozenset(
    {
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGTERM,
        signal.SIGCONT,
        signal.SIGWINCH,
    }
)
# A terminal sends these to all of its foreground: the job has them already, and many take a second one for "at once".
_FROM_TERMINAL = frozenset({signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCONT, signal.SIGWINCH})
_FROM_KERNEL = 1  # si_code is positive; those of kill() and its kin are not
# Python ignores these two; the job must not inherit that.
_PYTHONS_OWN = (signal.SIGPIPE, signal.SIGXFSZ)
_SHELL = "/bin/sh"


class NotStarted(Exception):
    """The command could not be started; `code` is the one that a shell would end with."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Command:
    """A running command. `wait` has to be called from the main thread."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @classmethod
    def start(cls, words: list[str], environ: dict[bytes, bytes], actions: Actions) -> "Command":
        """Start it with our directory, limits, umask and files, changed by `actions`. Raises NotStarted."""
        # Where it is ignored no exit code is kept.
        ignored = signal.signal(signal.SIGCHLD, signal.SIG_DFL) is signal.SIG_IGN
        # Blocked before there is a command: none is lost, and none can end us while one runs.
        before: set[int] = set(signal.pthread_sigmask(signal.SIG_BLOCK, {*RELAYED, signal.SIGCHLD}))
        try:
            return cls(_spawn(words, environ, actions, before, ignored))
        except OSError as error:
            code = NOT_FOUND if error.errno == errno.ENOENT else NOT_EXECUTABLE
            raise NotStarted(f"{words[0]}: {error.strerror}", code) from None

    def wait(self) -> int:
        """Pass signals on until the command has ended; returns its wait status."""
        while True:
            told = signal.sigwaitinfo({*RELAYED, signal.SIGCHLD})
            if told.si_signo == signal.SIGCHLD:
                status = self._reap()
                if status is not None:
                    return status
            elif self._concerns_it(told):
                os.kill(self.pid, told.si_signo)

    def _reap(self) -> int | None:
        # Any child: as process 1 of a container we are given orphans.
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in (0, self.pid):
                return status if pid else None

    def _concerns_it(self, told: signal.struct_siginfo) -> bool:
        by_terminal = told.si_code >= _FROM_KERNEL and told.si_signo in _FROM_TERMINAL
        # A terminal's hangup is told to the leader of its session alone.
        alone = told.si_signo == signal.SIGHUP and os.getsid(0) == os.getpid()
        return (alone or not by_terminal) and told.si_pid != self.pid


def interrupted() -> bool:
    """Whether somebody has asked us to end since the command did."""
    return bool(signal.sigpending() & {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM})


def initial_environment() -> dict[bytes, bytes]:
    """Return the variables we were started with: Python changes its own (LC_CTYPE, in the C locale)."""
    try:
        with open("/proc/self/environ", "rb") as file:
            pairs = [pair.partition(b"=") for pair in file.read().split(b"\0") if pair]
    except OSError:
        return dict(os.environb)
    return {name: value for name, equals, value in pairs if name and equals}


def exit_code(status: int) -> int:
    """Return what a shell calls the code of a wait status: 128 and the number for a signal."""
    return SIGNALLED + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed_by(status: int) -> str:
    """Say which signal ended the command, "killed by SIGTERM"; nothing when it ended by itself."""
    if not os.WIFSIGNALED(status):
        return ""
    number = os.WTERMSIG(status)
    known = number in signal.valid_signals() and number < signal.SIGRTMIN
    return f"killed by {signal.Signals(number).name if known else f'signal {number}'}"


def end_like(status: int) -> "NoReturn":
    """End this process at once as the command has ended: with its code, or by its signal."""
    if os.WIFSIGNALED(status):
        _die_of(os.WTERMSIG(status))
    os._exit(exit_code(status))  # also after a signal: process 1 is spared by its own


def _die_of(number: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # one core is enough
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)


def _spawn(words: list[str], environ: dict[bytes, bytes], actions: Actions, mask: set[int], ignored: bool) -> int:
    """Fork and exec, while there is no thread yet: posix_spawn leaves two signals ignored. Raises OSError."""
    told, tell = os.pipe()  # closed by a successful exec
    pid = os.fork()
    if pid == 0:
        try:
            _become(words, environ, actions, mask, ignored)
        except OSError as error:
            os.write(tell, str(error.errno).encode())
        finally:
            os._exit(NOT_FOUND)
    os.close(tell)
    failed = os.read(told, 16)
    os.close(told)
    if failed:
        os.waitpid(pid, 0)
        raise OSError(int(failed), os.strerror(int(failed)))
    return pid


def _become(words: list[str], environ: dict[bytes, bytes], actions: Actions, mask: set[int], ignored: bool) -> None:
    for end, number in actions:
        os.dup2(end, number)
    for own in _PYTHONS_OWN:
        signal.signal(own, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if ignored:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvpe(words[0], words, environ)  # noqa: S606
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    # A script without #! is the shell's, as for execvp and every shell.
    os.execve(_SHELL, [_SHELL, _found(words[0]), *words[1:]], environ)  # noqa: S606


def _found(name: str) -> str:
    if "/" in name:
        return name
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return next((path for path in (os.path.join(folder, name) for folder in folders) if os.access(path, os.X_OK)), name)
