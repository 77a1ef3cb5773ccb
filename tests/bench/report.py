# SPDX-License-Identifier: ISC
"""report.py - the results as Markdown, and each row as a plot in SVG."""
import os
import platform
import statistics
from html import escape

from rows import METRICS, MISSING, Target

BAR, GAP, LEFT, WIDE = 18, 8, 230, 760


def median(figures):
    return statistics.median(figures) if figures else None


def judge(target, figures):
    """(what was wanted, the median that was reached or None, whether that is enough)."""
    if not isinstance(target, Target):
        got = median(figures.get((target.entry, target.metric), {}).values())
        unit = METRICS[target.metric].unit
        return f"{target.entry}: <= {target.most} {unit}", got, got is not None and got <= target.most
    ours = figures.get((target.entry, target.metric), {})
    theirs = figures.get((target.than, target.metric), {})
    got = median([ours[n] / theirs[n] for n in ours if theirs.get(n)])
    enough = got is not None and (got >= target.bound if target.sign == ">=" else got <= target.bound)
    return f"{target.entry} {target.sign} {target.bound:g} x {target.than}", got, enough


def verdict(got, enough):
    return "missing" if got is None else f"**{got:.2f}** {'reached' if enough else 'not reached'}"


def number(figure, digits):
    return f"{figure:,.{digits}f}"


def cell(found, digits):
    """The median, and what is around it."""
    if not found:
        return ""
    low, middle, high = (number(figure, digits) for figure in (min(found), median(found), max(found)))
    return f"**{middle}** ({low} to {high})"


def row_table(row, figures, missing):
    kinds = [METRICS[metric] for metric in row.metrics]
    lines = [f"### {row.title}", "", f"![{row.key}]({row.key}.svg)", "",
             "| server | " + " | ".join(f"{kind.of}, {kind.unit}" for kind in kinds) + " |",
             "| --- |" + " ---: |" * len(kinds)]
    for name in dict.fromkeys(entry for entry, _ in figures):
        lines.append(f"| {name} | " + " | ".join(cell(figures.get((name, metric), {}).values(), METRICS[metric].digits)
                                                for metric in row.metrics) + " |")
    lines += [f"| {name} | missing: {why} |" + " |" * (len(kinds) - 1) for name, why in missing.items()]
    return lines + [""]


def plot(row, figures):
    """Bars of the first metric: medians, with a line from the lowest to the highest."""
    metric = row.metrics[0]
    bars = [(name, sorted(found.values())) for (name, of), found in figures.items() if of == metric]
    if not bars:
        return ""
    most = max(found[-1] for _, found in bars) or 1
    height = 40 + len(bars) * (BAR + GAP)
    scale = (WIDE - LEFT - 90) / most
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{height}" font-family="sans-serif" '
           'font-size="12">', f'<rect width="{WIDE}" height="{height}" fill="white"/>',
           f'<text x="8" y="20" font-weight="bold">{escape(row.title)}: {METRICS[metric].of}, {METRICS[metric].unit}</text>']
    for index, (name, found) in enumerate(bars):
        top = 34 + index * (BAR + GAP)
        middle = median(found)
        colour = "#2a6f97" if name.startswith("mail-session") else "#bbbbbb" if name.startswith("limit") else "#c98b4b"
        out += [f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{escape(name)}</text>',
                f'<rect x="{LEFT}" y="{top}" width="{middle * scale:.1f}" height="{BAR}" fill="{colour}"/>',
                f'<line x1="{LEFT + found[0] * scale:.1f}" x2="{LEFT + found[-1] * scale:.1f}" y1="{top + 9}" '
                f'y2="{top + 9}" stroke="black"/>',
                f'<text x="{LEFT + found[-1] * scale + 6:.1f}" y="{top + 13}">'
                f'{number(middle, METRICS[metric].digits)}</text>']
    return "\n".join(out + ["</svg>", ""])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}"


def write(directory, results, rounds, seed, note):
    """`results`: (row, {(entry, metric): {round: figure}}, {server: why it is missing}) of each row."""
    lines = ["# Benchmark", "", f"{machine()}; {rounds} rounds, seed {seed}. {note}", "", "## Targets", "",
             "| what | target | result |", "| --- | --- | --- |"]
    for row, figures, _ in results:
        for target in row.targets:
            wanted, got, enough = judge(target, figures)
            lines.append(f"| {row.title} | {wanted} | {verdict(got, enough)} |")
    lines += ["", "## Missing", ""] + [f"- {name}: {why}" for name, why in MISSING.items()]
    lines += ["", "## Figures", ""]
    for row, figures, missing in results:
        lines += row_table(row, figures, missing)
        with open(os.path.join(directory, f"{row.key}.svg"), "w", encoding="utf-8") as file:
            file.write(plot(row, figures))
    with open(os.path.join(directory, "report.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines))
