"""What is kept of a job's output."""

import tracemalloc

from seestackd.core.keys import make_secret
from seestackd.core.output import LIMIT, Output, harmless
from tests.rows import rows


def kept(*pieces: bytes, note: str = "") -> str:
    output = Output()
    for piece in pieces:
        output.add(piece)
    output.note = note
    return output.text()


@rows("size", [0, 1, LIMIT - 1, LIMIT])
def test_up_to_the_limit_everything_is_kept(size: int) -> None:
    assert kept(b"x" * size) == "x" * size


def test_one_byte_more_and_the_middle_is_left_out() -> None:
    text = kept(b"a" * 20_000 + b"b" + b"c" * 80_000)

    assert text == "a" * 20_000 + "\n[... 1 bytes left out ...]\n" + "c" * 80_000


@rows("size", [1, 7, 65_536, 1_000_000])
def test_the_size_of_the_pieces_makes_no_difference(size: int) -> None:
    whole = b"".join(b"line %06d\n" % number for number in range(10_000))

    assert kept(*(whole[at : at + size] for at in range(0, len(whole), size))) == kept(whole)


def test_it_is_cut_between_lines() -> None:
    lines = [f"line {number}" for number in range(20_000)]

    text = kept("\n".join(lines).encode())

    assert set(text.split("\n")) - set(lines) == {f"[... {text.split(' bytes')[0].split()[-1]} bytes left out ...]"}


@rows("shift", range(4))
@rows("letter", ["ä", "€", "🎉"])
def test_no_character_is_cut_in_two(letter: str, shift: int) -> None:
    text = kept(("x" * shift + letter * 100_000).encode())

    head, _, tail = text.split("\n")
    assert set(head) | set(tail) <= {"x", letter}


def test_what_a_cut_leaves_of_a_secret_is_masked_or_gone() -> None:
    secret = b'{"password":"' + b"hunter2" * 40 + b'"}\n'

    text = kept(secret * 2_000)

    assert "hunter2" not in text
    assert " bytes left out ...]\n" in text


def test_a_ping_url_in_the_output_does_not_give_its_key_away() -> None:
    key = make_secret(b"\x07" * 32)

    text = kept(f"+ curl -fsS https://mon.example/ping/{key}/backup\n".encode())

    assert text == "+ curl -fsS https://mon.example/ping/ssk_***REDACTED***/backup\n"


def test_an_endless_output_needs_bounded_memory() -> None:
    output = Output()
    piece = b"0123456789abcde\n" * 4096
    tracemalloc.start()
    for _ in range(800):
        output.add(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert output.size == 800 * 65_536
    assert peak < 1_000_000


def test_a_note_follows_on_a_line_of_its_own() -> None:
    assert kept(b"done\n", note="[a note]") == "done\n[a note]"
    assert kept(b"", note="[a note]") == "[a note]"


@rows(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;never ended", "\\x1b]0;never ended"),
        ("nul\x00 bell\x07 del\x7f", "nul\\x00 bell\\x07 del\\x7f"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\udcff", "\\udcff"),
        ("Grüße 🎉 \u2028", "Grüße 🎉 \u2028"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_hostile_text_costs_linear_time() -> None:
    assert len(harmless("\x1b]" * 50_000)) == len("\\x1b]") * 50_000
    assert len(harmless("\x1b[" + "1" * 100_000)) == len("\\x1b[") + 100_000
