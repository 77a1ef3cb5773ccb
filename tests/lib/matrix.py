#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Prints the transcript that a table of verbs and states stands for: matrix.py FILE.table

A table names its states ("== state NAME", the lines that lead there, "-- probe", the lines that
only this state answers so), then after "== table TITLE" a row "LINE | CELL CELL ..." for each
command, a cell for each state. A cell is a reply code ("50x" where the documents leave it open), "."
for nothing to test, and may go on with
"m" (POP3: multi-line), "+TEXT" (this message is delivered), ">STATE" (the state that follows, else
the same), "!" (the session is over). A LINE that holds a line end is sent as it is. One case for each cell: lead there, send, compare, probe.
"""
import re
import sys

ENHANCED = {"500": " 5.5.2", "503": " 5.5.1", "502": " 5.5.1", "501": " 5.", "555": " 5.5.4"}
CELL = re.compile(r"^(?P<code>\d{3}|50x|\+OK|-ERR)(?P<bare>-?)(?P<multi>m?)(?:\+(?P<body>\S*?))?"
                  r"(?:>(?P<next>\w+))?(?P<over>!?)$")


def reply(match):
    code = match["code"]
    if code[0] in "+-":
        return "R: +OK" if match["multi"] else f"S: {code}*"
    if match["bare"]:
        return f"R: {code} -"
    if code == "501":
        return "S: 501 5.*"
    if code == "50x":
        return "S: 50*"
    return f"R: {code}{ENHANCED.get(code, '')}"


def cases(path):
    """The lines of the transcript."""
    shared, states, order, current, probe, title = [], {}, [], None, False, None
    found = []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if line.startswith("== state "):
            current, probe = line[9:], False
            order.append(current)
            states[current] = ([], [])
        elif line.startswith("-- probe"):
            probe = True
        elif line.startswith("== table "):
            current, title = None, line[9:]
        elif current is not None:
            states[current][probe].append(line)
        elif title is None:
            shared.append(line)
        elif line and not line.startswith("#"):
            command, cells = line.rsplit("|", 1)
            cells = cells.split()
            columns = [name for name in order if states[name][0] is not None
                       and not name.startswith("_")]
            if len(cells) != len(columns):
                sys.exit(f"{path}:{number}: {len(cells)} cells for {len(columns)} states")
            for state, cell in zip(columns, cells):
                if cell == ".":
                    continue
                match = CELL.match(cell)
                if match is None:
                    sys.exit(f"{path}:{number}: bad cell {cell}")
                found.append((number, command.rstrip(), state, match))
    yield from shared
    for number, command, state, match in found:
        yield f"== {title} (line {number}): {command or 'an empty line'} in {state}"
        yield from states[state][0]
        yield f"C\\ {command}" if "\\r" in command else f"C\\ {command}\\r\\n"
        yield reply(match)
        if match["body"] is not None:
            yield from ("", f"M\\ {match['body']}", "")
        if not match["over"]:
            yield from states[match["next"] or state][1]


if __name__ == "__main__":
    print("\n".join(cases(sys.argv[1])))
