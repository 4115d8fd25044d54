"""What all parts of parity.py share: running gad, relative errors, tables, and bounds.

The measure is the relative L2 norm, |found - exact| / |exact|, and exact is PyTorch in float64.
"""
import os
import subprocess
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("GAD_SHARED", os.path.join(ROOT, "..", "shared"))

TIMES_PYTORCH, LEAST = 3, 1e-5  # f32: so many times PyTorch float32's own error, or this
LOGITS, ATTRIBUTIONS = 1e-4, 5e-3  # auto
MASKS = 0.002  # of the pixels
GREY = 1  # levels of 255


class Failed(Exception):
    """What a program said when it failed."""


def run(program, *arguments):
    """What build/PROGRAM prints."""
    path = os.path.join(ROOT, "build", program)
    if not os.path.exists(path):
        sys.exit(f"no build/{program}: make parity builds what is needed")
    done = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or f"{program} {arguments[0]} failed")
    return done.stdout


def relative(found, exact):
    found, exact = (np.asarray(a, dtype=np.float64) for a in (found, exact))
    if found.shape != exact.shape:
        return np.inf
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


def f32_bound(pytorch):
    return max(TIMES_PYTORCH * pytorch, LEAST)


class Report:
    """Prints Markdown and remembers which bounds did not hold."""

    def __init__(self):
        self.broken, self.held, self.notes = [], 0, []

    def title(self, text):
        print(f"\n## {text}\n", flush=True)

    def say(self, text=""):
        print(text, flush=True)

    def head(self, *cells):
        self.say("| " + " | ".join(cells) + " |")
        self.say("|" + "---|" * len(cells))

    def row(self, *cells):
        texts = (f"{c:.1e}" if isinstance(c, float) else str(c) for c in cells)
        self.say("| " + " | ".join(texts) + " |")

    def note(self, text):
        """Kept until the table is complete."""
        self.notes.append(text)

    def say_notes(self):
        for text in self.notes:
            self.say(f"\n{text}")
        self.notes = []

    def hold(self, what, value, bound):
        """value is at most bound; what is not a number never is."""
        if value <= bound:
            self.held += 1
        else:
            self.broken.append(f"{what}: {value:.2g}, at most {bound:.2g} is asked for")
