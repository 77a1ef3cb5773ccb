# SPDX-License-Identifier: ISC
"""Transcripts (tests/transcript/FORMAT) for python: parsed cases, and replies held against them."""
import re

KEYS = {"C", "S", "R", "K", "O", "V", "D", "E", "M", "STOP", "T", "X"}
LINE = re.compile(rb"^([A-Z]+)(?:\*(\d+))?([:\\!]) ?(.*)$", re.S)
NAMES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"s": b" ",
         b"\\": b"\\", b"*": b"*", b"#": b"#"}


class Fault(Exception):
    """What a session did is not what its transcript says."""


def unescape(text):
    out, at = [], 0
    while at < len(text):
        if text[at:at + 1] != b"\\":
            end = text.find(b"\\", at)
            end = len(text) if end < 0 else end
            out.append(text[at:end])
            at = end
            continue
        name = text[at + 1:at + 2]
        if name in NAMES:
            out.append(NAMES[name])
            at += 2
        elif name == b"x":
            out.append(bytes([int(text[at + 2:at + 4], 16)]))
            at += 4
        elif name == b"{":
            end = text.index(b"}", at)
            count, piece = text[at + 2:end].split(b"*", 1)
            out.append(int(count) * unescape(piece))
            at = end + 1
        else:
            raise ValueError(f"bad escape in {text!r}")
    return b"".join(out)


class Item:
    """One line of a case: kind is its key ("K!" for a keyword that must be absent)."""

    def __init__(self, kind, line, text, wild=False):
        self.kind, self.line, self.text, self.wild = kind, line, text, wild


class Case:
    def __init__(self, path, title, line):
        self.path, self.title, self.line = path, title, line
        self.engine_only = self.program_only = self.hooks_only = False
        self.items = []

    def of(self, kind):
        return [item for item in self.items if item.kind == kind]

    def parse(self, lines, number):
        joined = False
        for offset, text in enumerate(lines):
            self.engine_only |= text == b"# engine-only"
            self.hooks_only |= text == b"# hooks-only"
            self.program_only |= text == b"# program-only"
            message = text[:1] == b"M" and len(text) > 1
            if text and text[:1] != b"#" and not text.startswith(b"== "):
                self._line(text, number + offset, joined)
            joined = message

    def _line(self, text, number, joined):
        match = LINE.match(text)
        if match is None or match[1].decode() not in KEYS:
            raise ValueError(f"{self.path}:{number}: unknown key")
        kind, rest = match[1].decode(), match[4]
        raw = match[3] == b"\\"
        if match[3] == b"!":
            kind += "!"
        wild = kind == "S" and rest.endswith(b"*") and not rest.endswith(b"\\*")
        if kind != "E":
            rest = unescape(rest[:-1] if wild else rest)
        if kind == "C" and not raw:
            rest += b"\r\n"
        if kind == "M" and not raw:
            rest += b"\n"
        for _ in range(int(match[2] or 1)):
            if kind == "M" and joined:
                self.items[-1].text += rest
            else:
                self.items.append(Item(kind, number, rest, wild))
            joined = kind == "M"


def read(path, text=None):
    """The cases of a file, or of `text` as if it stood in that file."""
    if text is None:
        with open(path, "rb") as file:
            text = file.read()
    lines = text.split(b"\n")
    starts = [i for i, line in enumerate(lines) if line.startswith(b"== ")]
    if not starts:
        raise ValueError(f"{path}: no cases")
    shared = lines[:starts[0]] if starts else []
    cases = []
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        case = Case(path, lines[start][3:].decode(), start + 1)
        case.parse(shared, 1)
        case.parse(lines[start:end], start + 1)
        cases.append(case)
    return cases


class Matcher:
    """Holds octets against the S, R and K items of a case, as they come."""

    def __init__(self, case):
        self.path = case.path
        utf8 = any(b"SMTPUTF8" in item.text for item in case.of("C"))
        self.foul = re.compile(rb"[^ -~\x80-\xff]" if utf8 else rb"[^ -~]")
        self.reply = b""

    def _fault(self, item, what, got):
        raise Fault(f"{self.path}:{item.line}: {what}\n  wanted: {item.text[:300]!r}\n"
                    f"  got:    {got[:300]!r}")

    def take(self, item, output):
        """How many octets of `output` the item takes; None when there are not enough yet."""
        if item.kind == "S":
            return self._line(item, output)
        if item.kind == "R":
            return self._reply(item, output)
        if item.kind in ("K", "K!"):
            self._keyword(item)
        return 0

    def _line(self, item, output):
        end = output.find(b"\r\n")
        if end < 0:
            return None
        line = output[:end]
        if not (line.startswith(item.text) if item.wild else line == item.text):
            self._fault(item, "another line", line)
        if item.wild and (len(line) > 510 or self.foul.search(line[len(item.text):])):
            self._fault(item, "not a clean line", line)
        return end + 2

    def _reply(self, item, output):
        code, _, status = item.text.partition(b" ")
        at, last, first = 0, False, True
        while not last:
            end = output.find(b"\r\n", at)
            if end < 0:
                return None
            line = output[at:end]
            if code[:1] == b"+":
                fits = not first or line.startswith(code)
                last = line == b"."
            else:
                text = line[len(code) + 1:]
                separator = line[len(code):len(code) + 1]
                fits = (line.startswith(code) and separator in (b" ", b"-") and separator != b""
                        and len(line) <= 510)
                last = separator == b" "
                if status == b"-":
                    fits = fits and text[1:2] != b"."
                elif status:
                    fits = fits and (text + b" ").startswith(status + b" ")
            if not fits:
                self._fault(item, "another reply", line)
            first = False
            at = end + 2
        self.reply = output[:at]
        return at

    def _keyword(self, item):
        lines = self.reply.split(b"\r\n")[:-1]
        if self.reply[:1] == b"2":
            lines = [line[4:] for line in lines]
        if item.kind == "K" and item.text not in lines:
            self._fault(item, "not in the list", self.reply)
        if item.kind == "K!" and any((line + b" ").startswith(item.text + b" ") for line in lines):
            self._fault(item, "in the list", self.reply)
