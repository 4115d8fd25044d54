#!/usr/bin/env python3
"""gad beside its peers: the same jobs by turns on the same machine, and the ratios.

    apt-get install python3-torch python3-torchvision libopenblas0-openmp
    npm install --prefix build/peers --ignore-scripts onnxruntime-node
    make bench-peers                                  # everything below, in about half an hour
    bench/compare.py --arch resnet18 --job forward --batch 1,16 --threads 1
    bench/compare.py --cpu avx2 --peer pytorch        # as on a machine without AVX-512
    bench/compare.py --peer pytorch-bf16              # PyTorch's fast mode, with its errors
    bench/compare.py --peer pytorch-bf16 --precision bf16    # and ours

Ours and the peer's take turns, each time as a fresh program that warms up once and measures some
runs: what else the machine does then meets both alike. Figures are medians over all turns. A ratio
of times is the peer's over ours, one of memory is ours over the peer's. Every line that a program
printed, and every ratio, is added to build/bench/peers.jsonl. A peer that is not installed is said,
and left out.
"""
import argparse
import collections
import functools
import json
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = ["forward", "input-gradient", "attribution", "train"]
# Program, its further options, jobs, and the CPU levels that it can be held to.
Peer = collections.namedtuple("Peer", "program options jobs levels")
PEERS = {
    "pytorch": Peer("pytorch.py", [], JOBS, ["avx2", "avx512"]),
    "pytorch-bf16": Peer("pytorch.py", ["--mode", "bf16"], JOBS, ["avx512"]),
    "onnxruntime": Peer("onnxruntime.mjs", [], ["forward"], []),
}
Case = collections.namedtuple("Case", "arch job batch peer")
MISSING = 3  # exit status of a peer that is not installed


class Failed(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def arguments():
    def some(names):
        def parse(text):
            for name in text.split(","):
                if name not in names:
                    raise argparse.ArgumentTypeError(f"{name}: there are {', '.join(names)}")
            return text.split(",")
        return parse

    def numbers(text):
        return [int(n) for n in text.split(",")]

    p = argparse.ArgumentParser(description=__doc__, usage="bench/compare.py [options]",
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--arch", type=some(["resnet18", "vgg16"]), default="resnet18,vgg16",
                   metavar="NAMES")
    p.add_argument("--job", type=some(JOBS), default="forward,input-gradient,train,attribution",
                   metavar="NAMES")
    p.add_argument("--peer", type=some(list(PEERS)), default="onnxruntime,pytorch",
                   metavar="NAMES", help=", ".join(PEERS))
    p.add_argument("--batch", type=numbers, metavar="N,N",
                   help="default: forward 16 and 1, attribution 1, the others 16")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    p.add_argument("--size", type=int, default=224, metavar="N")
    p.add_argument("--runs", type=int, default=3, metavar="N", help="runs of a turn; default 3")
    p.add_argument("--turns", type=int, default=3, metavar="N", help="default 3")
    p.add_argument("--cpu", choices=["avx2", "avx512"], help="cap the CPU level of both")
    p.add_argument("--precision", default="auto", metavar="NAME",
                   help="ours: auto (default), f32, bf16x3 or bf16")
    p.add_argument("--output", default=os.path.join(ROOT, "build/bench/peers.jsonl"),
                   metavar="FILE")
    return p.parse_args()


def cases(a):
    usual = {"forward": [16, 1], "attribution": [1]}
    return [Case(arch, job, batch, peer) for arch in a.arch for job in a.job
            for batch in a.batch or usual.get(job, [16])
            for peer in a.peer if job in PEERS[peer].jobs]


def python_with_torch():
    """Debian's PyTorch belongs to Debian's Python, which need not be the first in the path."""
    for python in [os.environ.get("PYTHON"), sys.executable, "/usr/bin/python3"]:
        if python and subprocess.run([python, "-c", "import torch"],
                                     stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return sys.executable


def environment(a):
    env = dict(os.environ, PYTHON=python_with_torch(), OMP_NUM_THREADS=str(a.threads))
    if "GAD_COMMIT" not in env:
        git = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        env["GAD_COMMIT"] = git.stdout.strip() or "unknown"
    if a.cpu:
        env["GAD_CPU"] = a.cpu
        env["ONEDNN_MAX_CPU_ISA"] = {"avx2": "AVX2", "avx512": "AVX512_CORE_BF16"}[a.cpu]
        if a.cpu == "avx2":
            env["ATEN_CPU_CAPABILITY"] = "avx2"
            env["OPENBLAS_CORETYPE"] = "Haswell"
    return env


def run(command, env):
    """The JSON line that a program prints."""
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise Failed(MISSING, f"no {command[0]}") from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise Failed(done.returncode, said[-1])
    return json.loads(done.stdout)


def options(a, case):
    return ["--arch", case.arch, "--job", case.job, "--batch", str(case.batch), "--size",
            str(a.size), "--threads", str(a.threads), "--runs", str(a.runs)]


def run_ours(a, case, env):
    line = run(["build/gad", "bench", *options(a, case), "--precision", a.precision, "--json"],
               env)
    return dict(line, peer="gad " + line["version"],
                best_ms_per_image=1000 / line["best_images_per_second"])


def run_peer(a, case, env):
    peer = PEERS[case.peer]
    runner = env["PYTHON"] if peer.program.endswith(".py") else "node"
    line = run([runner, "bench/peers/" + peer.program, *peer.options, *options(a, case)], env)
    return dict(line, cpu=a.cpu or "best", commit=env["GAD_COMMIT"])


def compare(a, case, env, record):
    """Turns of both, and the line of their ratios."""
    ours, theirs = [], []
    for _ in range(a.turns):
        for lines, program in ((ours, run_ours), (theirs, run_peer)):
            lines.append(program(a, case, env))
            record(lines[-1])

    def median(lines, key):
        return statistics.median(line[key] for line in lines)

    ms, peer_ms = median(ours, "ms_per_image"), median(theirs, "ms_per_image")
    mb, peer_mb = median(ours, "peak_rss_mb"), median(theirs, "peak_rss_mb")
    ratios = [t["ms_per_image"] / o["ms_per_image"] for o, t in zip(ours, theirs)]
    line = {"bench": "peer", "job": case.job, "arch": case.arch, "size": a.size,
            "batch": case.batch, "threads": a.threads, "turns": a.turns, "runs": a.runs,
            "peer": theirs[0]["peer"], "peer_precision": theirs[0]["precision"],
            "ms_per_image": ms, "peer_ms_per_image": peer_ms, "ratio": peer_ms / ms,
            "least_ratio": min(ratios), "greatest_ratio": max(ratios), "peak_rss_mb": mb,
            "peer_peak_rss_mb": peer_mb, "memory_ratio": mb / peer_mb}
    if "captum" in theirs[0]:
        line["captum"] = theirs[0]["captum"]
    line.update((key, ours[0][key])
                for key in ("precision", "cpu", "processor", "compiler", "commit"))
    record(line)
    return line


HEAD = ("net", "job", "batch", "peer", "ours ms", "peer ms", "ratio", "turns from..to", "ours MB",
        "peer MB", "memory")
ROW = "{:9} {:15} {:>5} {:24} {:>9} {:>9} {:>6} {:>14} {:>8} {:>8} {:>7}"


def row(line):
    peer = line["peer"] + {"bf16": " bf16"}.get(line["peer_precision"], "")
    if line.get("captum"):
        peer += " hooks" if line["captum"] == "hooks" else " Captum"
    return (line["arch"], line["job"], line["batch"], peer, f"{line['ms_per_image']:.4g}",
            f"{line['peer_ms_per_image']:.4g}", f"{line['ratio']:.2f}",
            f"{line['least_ratio']:.2f}..{line['greatest_ratio']:.2f}",
            f"{line['peak_rss_mb']:.0f}", f"{line['peer_peak_rss_mb']:.0f}",
            f"{line['memory_ratio']:.2f}")


def main():
    a = arguments()
    if not os.path.exists(os.path.join(ROOT, "build/gad")):
        sys.exit("no build/gad: make")
    env = environment(a)
    left_out, failures = set(), 0
    os.makedirs(os.path.dirname(a.output) or ".", exist_ok=True)
    with open(a.output, "a", encoding="utf-8") as out:
        def record(line):
            print(json.dumps(line), file=out, flush=True)

        say = functools.partial(print, flush=True)
        say(f"{a.size} x {a.size}, {a.threads} thread{'s'[:a.threads > 1]}, CPU level "
            f"{a.cpu or 'best'}, commit {env['GAD_COMMIT']}; ms an image, medians of {a.turns} "
            f"turns of {a.runs} runs")
        say(ROW.format(*HEAD))
        for case in cases(a):
            if case.peer in left_out:
                continue
            if a.cpu and a.cpu not in PEERS[case.peer].levels:
                left_out.add(case.peer)
                say(f"  {case.peer} is left out: it cannot be held to {a.cpu}")
                continue
            try:
                say(ROW.format(*row(compare(a, case, env, record))))
            except Failed as failed:
                if failed.status == MISSING:
                    left_out.add(case.peer)
                else:
                    failures += 1
                say(f"  {case.arch}, {case.job}, batch {case.batch}, {case.peer}: {failed}")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
