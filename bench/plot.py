#!/usr/bin/env python3
"""The layers of `make bench` as a picture: bars against the ceiling, by net and direction.

    make bench >build/bench.jsonl
    bench/plot.py build/bench.jsonl >layers.svg                # --batch 1: the other batch

       layer           forward           input gradient    weight gradient
       conv1  3>64     ########---| 74   #####------| 50   #######----| 66    | is the ceiling,
       layer1 64>64    ##########-| 91   #########--| 87   ########---| 79    the number per cent

Lines that are not of layers are passed over. Of several runs in one file the last one is drawn.
The SVG follows the reader's light or dark setting, and needs nothing but itself.
"""
import argparse
import json
import math
import sys
from xml.sax.saxutils import escape

TITLES = {"resnet18": "ResNet18", "vgg16": "VGG16"}
DIRECTIONS = ["forward", "input gradient", "weight gradient"]
FACTS = ["processor", "cpu", "threads", "compiler", "commit"]

WIDTH, MARGIN, LABELS, GAP, NUMBER = 960, 28, 226, 22, 46
PLOT = (WIDTH - 2 * MARGIN - LABELS - 3 * GAP) / 3 - NUMBER  # width of one direction's bars
ROW, BAR, TOP, HEAD, FOOT = 22, 14, 112, 34, 52

STYLE = """
    .page { fill: #ffffff; stroke: #d0d7de; }
    .ink { fill: #1f2328; }
    .soft { fill: #57606a; }
    .rail { fill: #f0f3f6; }
    .grid { stroke: #d8dee4; }
    .bar { fill: #0969da; }
    .ceiling { stroke: #cf222e; stroke-width: 2; }
    .title { font-size: 18px; font-weight: 600; }
    .head { font-size: 13.5px; font-weight: 600; }
    .text { font-size: 12.5px; }
    .small { font-size: 11.5px; }
    .end { text-anchor: end; }
    .mid { text-anchor: middle; }
    text { font-variant-numeric: tabular-nums; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; stroke: #30363d; }
      .ink { fill: #e6edf3; }
      .soft { fill: #b6bfca; }
      .rail { fill: #161b22; }
      .grid { stroke: #30363d; }
      .bar { fill: #4493f8; }
      .ceiling { stroke: #ff7b72; }
    }"""


def read(stream, batch):
    """Lines of the last run, {net: {layer: {direction: line}}}, and the facts they share."""
    lines = [json.loads(text) for text in stream if text.startswith("{")]
    lines = [line for line in lines if line.get("bench") == "layer" and line["batch"] == batch]
    if not lines:
        sys.exit(f"no layers of batch {batch} in there: make bench, or another --batch")
    facts = {key: lines[-1].get(key, "unknown") for key in FACTS}
    nets = {}
    for line in lines:
        if all(line.get(key, "unknown") == facts[key] for key in FACTS):
            net, _, layer = line["layer"].partition(".")
            nets.setdefault(net, {}).setdefault(layer, {})[line["direction"]] = line
    return nets, facts


def step_of(top):
    """A round step that gives three to six ticks below `top`."""
    power = 10 ** math.floor(math.log10(top / 3))
    return max(power * m for m in (1, 2, 5) if power * m <= top / 3)


class Drawing:
    def __init__(self):
        self.parts = []

    def text(self, x, y, classes, content):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(content)}'
                          "</text>")

    def line(self, x1, y1, x2, y2, classes):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'class="{classes}"/>')

    def rect(self, x, y, width, height, classes, hint=""):
        title = f"<title>{escape(hint)}</title>" if hint else ""
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" class="{classes}">{title}</rect>')


def shape_of(line):
    stride = f"/{line['stride']:g}" if line["stride"] != 1 else ""
    return (f"{line['in']:g} → {line['out']:g}, {line['kernel']:g}×{line['kernel']:g}{stride}, "
            f"{line['height']:g}²")


def draw_cell(d, x, y, scale, line):
    """One layer in one direction: a bar, its ceiling, and per cent."""
    d.rect(x, y + (ROW - BAR) / 2, PLOT, BAR, "rail")
    if not line:
        return
    hint = f"{line['gflops']:.4g} GFLOP/s, {line['ms']:.4g} ms"
    d.rect(x, y + (ROW - BAR) / 2, line["gflops"] * scale, BAR, "bar", hint)
    if line["ceiling_gflops"]:
        at = x + line["ceiling_gflops"] * scale
        d.line(at, y, at, y + ROW, "ceiling")
        d.text(x + PLOT + NUMBER - 4, y + ROW / 2 + 4.5, "ink text end", f"{line['percent']:.0f} %")


def draw_net(d, y, net, layers, top):
    """One net's rows under its heading. Returns where it ends."""
    scale, step, rows = PLOT / top, step_of(top), y + HEAD
    bottom = rows + ROW * len(layers)
    d.text(MARGIN, y + 18, "ink head", TITLES.get(net, net))
    d.text(MARGIN + LABELS, y + 18, "soft small end", "channels, kernel, size")
    for i, direction in enumerate(DIRECTIONS):
        x = MARGIN + LABELS + GAP + i * (PLOT + NUMBER + GAP)
        d.text(x, y + 18, "ink head", direction)
        for k in range(int(top / step) + 1):
            d.line(x + k * step * scale, rows, x + k * step * scale, bottom + 4, "grid")
            d.text(x + k * step * scale, bottom + 18, "soft small mid", f"{k * step:g}")
        for k, cells in enumerate(layers.values()):
            draw_cell(d, x, rows + k * ROW, scale, cells.get(direction))
    d.text(MARGIN + LABELS, bottom + 18, "soft small end", "GFLOP/s")
    for k, (layer, cells) in enumerate(layers.items()):
        at = rows + k * ROW + ROW / 2 + 4.5
        d.text(MARGIN, at, "ink text", layer)
        d.text(MARGIN + LABELS, at, "soft small end", shape_of(next(iter(cells.values()))))
    return bottom + FOOT


def draw(nets, facts, batch):
    lines = [line for layers in nets.values() for cells in layers.values()
             for line in cells.values()]
    top = 1.02 * max(max(line["gflops"], line["ceiling_gflops"] or 0) for line in lines)
    names = " and ".join(TITLES.get(net, net) for net in nets)
    title = f"Convolutions of {names} against the ceiling, batch {batch}"
    threads = f"{facts['threads']:g} thread{'s' if facts['threads'] > 1 else ''}"
    d = Drawing()
    d.text(MARGIN, 42, "ink title", title)
    d.text(MARGIN, 64, "soft text", f"{facts['processor']}, {facts['cpu']}, {threads}, float32 · "
           f"{facts['compiler']} · commit {facts['commit']}")
    d.rect(MARGIN, 79, 22, 11, "bar")
    d.text(MARGIN + 30, 89, "soft text", "throughput, counted as a direct convolution")
    d.line(MARGIN + 318, 76, MARGIN + 318, 93, "ceiling")
    d.text(MARGIN + 328, 89, "soft text",
           "ceiling: multiply-adds in registers, measured by turns with the layer")
    y = TOP
    for net, layers in nets.items():
        y = draw_net(d, y, net, layers, top)
    height = y - 14
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"\n'
          '     aria-labelledby="title desc" font-family="system-ui, \'Segoe UI\', Helvetica, '
          'Arial, sans-serif">\n'
          f'  <title id="title">{escape(title)}</title>\n'
          '  <desc id="desc">For each layer a bar of GFLOP/s forward, for the input gradient and '
          'for the\n    weight gradient, beside the ceiling of multiply-adds, and the per cent of '
          'it that is reached.</desc>\n'
          f'  <style>{STYLE}\n  </style>\n'
          f'  <rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="12" '
          'class="page"/>')
    for part in d.parts:
        print("  " + part)
    print("</svg>")


def main():
    p = argparse.ArgumentParser(description=__doc__, usage="bench/plot.py [--batch N] [FILE]",
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("file", nargs="?", type=argparse.FileType(encoding="utf-8"), default=sys.stdin)
    p.add_argument("--batch", type=int, default=16, metavar="N")
    a = p.parse_args()
    draw(*read(a.file, a.batch), a.batch)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
