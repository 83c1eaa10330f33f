# SPDX-License-Identifier: GPL-2.0-or-later
"""The run as an SVG: the figures, the three paths, and every probe in time, whole and close up at the cut and at the return."""

from html import escape

WIDTH = 1180
MARGIN = 40
LEFT = 150  # where time begins in a chart
RIGHT = WIDTH - MARGIN
INK, FAINT, GRID = "#1d2733", "#66717d", "#e3e7ec"
DIRECT, DETOUR, LOST, GOOD = "#2f6fb3", "#e0922f", "#cf3a3a", "#2e8b57"
LANE = 13
ROW = 15
LETTER = 6.5  # width of a letter at 11 px, for keeping labels apart


class Canvas:
    def __init__(self):
        self._parts = []

    def rect(self, x, y, width, height, fill, radius=0, stroke="none"):
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" rx="{radius}" '
            f'fill="{fill}" stroke="{stroke}"/>'
        )

    def line(self, x1, y1, x2, y2, stroke, width=1.0, dash=""):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" '
            f'stroke-width="{width}" stroke-linecap="round"{dashes}/>'
        )

    def circle(self, x, y, radius, fill, stroke="none"):
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}" stroke="{stroke}" stroke-width="2"/>')

    def text(self, x, y, words, size=12, fill=INK, anchor="start", weight="normal", halo=False):
        halo = ' stroke="white" stroke-width="3" stroke-linejoin="round" paint-order="stroke"' if halo else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{halo}>{escape(str(words))}</text>'
        )

    def document(self, height):
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="white"/>\n'
        )
        return head + "\n".join(self._parts) + "\n</svg>\n"


def samples(failover):
    """Per flow: (time from the cut in ms, "direct" | "detour" | "lost") of every probe, by its departure."""
    out = {}
    for flow in failover.flows:
        direct = (flow.source, flow.target)
        rows = []
        for seq, when in enumerate(flow.sent):
            if seq not in flow.arrived:
                kind = "lost"
            else:
                kind = "direct" if failover.tracer.path(flow, seq) == direct else "detour"
            rows.append(((when - failover.cut) * 1000, kind))
        out[flow.name] = rows
    return out


def draw(result, flows):
    """result: of Failover.result(); flows: of samples()."""
    canvas = Canvas()
    canvas.text(MARGIN, 46, "A silent cut, and the traffic finds another way", 22, weight="bold")
    canvas.text(MARGIN, 68, "A probe every 10 ms in each direction. The underlay between A and B drops every packet; no link goes down, "
                "nobody is told.", 12, FAINT)  # fmt: skip
    _figures(canvas, result, 88)
    _triangles(canvas, result, 178)
    events = [(entry["ms"], entry["event"]) for entry in result["timeline"]]
    at = dict((name, ms) for ms, name in events)
    end = max(rows[-1][0] for rows in flows.values())
    start = min(rows[0][0] for rows in flows.values())
    heal, back = at["heal"], at["back on the direct path"]
    y = 378
    whole = [(at["cut"], "cut"), (heal, "heal"), (back, "back on the direct path")]
    y = _chart(canvas, y, "The whole run", (start, end), flows, whole, 1000)
    outage = result["outageMs"]
    span = (-max(60, outage * 0.25), outage * 1.3 + 60)
    y = _chart(canvas, y, "At the cut", span, flows, [e for e in events if e[0] < heal], _step(span))
    span = (heal - 250, back + 500)
    y = _chart(canvas, y, "At the return", span, flows, [e for e in events if e[0] >= heal], _step(span))
    return canvas.document(y + 6)


def _figures(canvas, result, y):
    lost = sum(result["lostInOutage"].values())
    figures = [
        (f"{result['outageMs']:.0f} ms", "from the cut until no packet is lost", result["outageMs"] <= 1000),
        (lost, "packets lost by the cut, both ways", None),
        (result["lostAtHeal"], "packets lost at the return", result["lostAtHeal"] == 0),
        (result["clearTextPackets"], "packets in the clear on the underlay", result["clearTextPackets"] == 0),
        (result["dataplane"], "data plane", None),
    ]
    width = (RIGHT - MARGIN - 12 * (len(figures) - 1)) / len(figures)
    for number, (value, words, good) in enumerate(figures):
        x = MARGIN + number * (width + 12)
        canvas.rect(x, y, width, 70, "#f5f7f9", 6)
        canvas.rect(x, y, 4, 70, {True: GOOD, False: LOST, None: "#b4bec9"}[good], 2)
        canvas.text(x + 16, y + 35, value, 23, weight="bold")
        canvas.text(x + 16, y + 56, words, 10, FAINT)


def _triangles(canvas, result, y):
    captions = (("pathBefore", "before"), ("pathDuring", "while the underlay A-B is dead"), ("pathAfter", "after it healed"))
    width = (RIGHT - MARGIN) / 3
    for number, (name, caption) in enumerate(captions):
        middle = MARGIN + width * (number + 0.5)
        spots = {"A": (middle - 110, y + 118), "B": (middle + 110, y + 118), "C": (middle, y + 28)}
        path = result[name]
        used = [frozenset(pair) for pair in zip(path, path[1:])]
        for pair in ("AB", "AC", "BC"):
            (x1, y1), (x2, y2) = spots[pair[0]], spots[pair[1]]
            if frozenset(pair) in used:
                canvas.line(x1, y1, x2, y2, DIRECT if len(path) == 2 else DETOUR, 6)
            else:
                canvas.line(x1, y1, x2, y2, "#c3ccd5", 1.5, "4 5")
        if name == "pathDuring":
            x = middle
            canvas.line(x - 8, y + 110, x + 8, y + 126, LOST, 3)
            canvas.line(x - 8, y + 126, x + 8, y + 110, LOST, 3)
        for site, (x, spot) in spots.items():
            canvas.circle(x, spot, 15, "white", INK)
            canvas.text(x, spot + 5, site, 14, anchor="middle", weight="bold")
        canvas.text(middle, y + 158, caption, 12, FAINT, "middle")


def _step(span):
    """A round distance between grid lines."""
    for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if (span[1] - span[0]) / step <= 14:
            return step
    return 10000


def _chart(canvas, y, title, span, flows, events, step):
    """One chart; gives back where the next begins."""
    low, high = span

    def at(ms):
        return LEFT + (ms - low) / (high - low) * (RIGHT - LEFT)

    canvas.text(MARGIN, y, title, 14, weight="bold")
    _legend(canvas, y)
    labels = _stagger([(at(ms), _label(ms, name)) for ms, name in events if low <= ms <= high])
    top = y + 20 + ROW * (1 + max((row for _, _, row, _ in labels), default=0))
    bottom = top + 3 * LANE * len(flows) + 14 * (len(flows) - 1) + 10
    for tick in range(int(low // step) * step, int(high) + 1, step):
        if low <= tick <= high:
            canvas.line(at(tick), top, at(tick), bottom, GRID)
            words = f"{tick / 1000:g} s" if step >= 1000 else f"{tick} ms"
            canvas.text(at(tick), bottom + 15, words, 10, FAINT, "middle")
    for x, words, row, anchor in labels:
        height = y + 20 + ROW * row
        canvas.line(x, height + 3, x, bottom, INK, 0.8, "2 3")
    for x, words, row, anchor in labels:
        height = y + 20 + ROW * row
        canvas.text(x + (3 if anchor == "start" else -3), height, words, 10.5, anchor=anchor, halo=True)
    for number, (name, rows) in enumerate(flows.items()):
        _lanes(canvas, top + 6 + number * (3 * LANE + 14), name, rows, span, at)
    canvas.line(LEFT, bottom, RIGHT, bottom, "#9aa5b1")
    return bottom + 48


def _label(ms, name):
    return name if name == "cut" else f"{name} {ms:.0f} ms" if abs(ms) < 10000 else f"{name} {ms / 1000:.2f} s"


def _stagger(labels):
    """Rows for labels so that none covers another: [(x, words, row, anchor)]."""
    placed, ends = [], []
    for x, words in sorted(labels):
        length = len(words) * LETTER + 14
        anchor = "end" if x + length > RIGHT + 30 else "start"
        low, high = (x - length, x) if anchor == "end" else (x, x + length)
        row = next((number for number, end in enumerate(ends) if end < low), len(ends))
        if row == len(ends):
            ends.append(high)
        ends[row] = high
        placed.append((x, words, row, anchor))
    return placed


def _legend(canvas, y):
    x = RIGHT
    for words, colour in (("lost", LOST), ("through C", DETOUR), ("direct", DIRECT)):
        x -= len(words) * LETTER + 26
        canvas.rect(x, y - 9, 12, 9, colour, 2)
        canvas.text(x + 16, y - 1, words, 10.5, FAINT)


def _lanes(canvas, y, name, rows, span, at):
    """Three lanes of one direction: every probe a mark, neighbours of one kind run together."""
    lanes = {"direct": (0, DIRECT), "detour": (1, DETOUR), "lost": (2, LOST)}
    canvas.text(MARGIN, y + 1.75 * LANE, name, 12, weight="bold")
    for kind, words in (("direct", "direct"), ("detour", "through C"), ("lost", "lost")):
        lane = lanes[kind][0]
        canvas.text(LEFT - 8, y + lane * LANE + 9.5, words, 9, FAINT, "end")
        canvas.line(LEFT, y + (lane + 1) * LANE - 1, RIGHT, y + (lane + 1) * LANE - 1, "#f0f2f5")
    close = at(span[0] + 10) - at(span[0]) > 5  # room for a mark of its own
    for start, end, kind in _runs(rows, span, 0 if close else 1):
        lane, colour = lanes[kind]
        width = max(2.4, at(end + (0 if close else 10)) - at(start))
        canvas.rect(at(start), y + lane * LANE + 1.5, width, LANE - 4, colour, 1)


def _runs(rows, span, join):
    """(first, last, kind) of neighbours of one kind; single probes when `join` is 0."""
    runs = []
    for ms, kind in rows:
        if not span[0] <= ms <= span[1] - 10:
            continue
        if join and runs and runs[-1][2] == kind:
            runs[-1][1] = ms
        else:
            runs.append([ms, ms, kind])
    return runs
