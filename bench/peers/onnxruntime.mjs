#!/usr/bin/env node
/* The forward job of `gad bench`, done by ONNX Runtime, for the same JSON line.
 *
 *     npm install --prefix build/peers --ignore-scripts onnxruntime-node
 *     bench/peers/onnxruntime.mjs --arch resnet18 --batch 16 --threads 2
 *     build/gad bench             --arch resnet18 --batch 16 --threads 2 --json
 *
 * The script that npm is told to ignore would fetch what a GPU needs. The nets come from
 * export_onnx.py, run by $PYTHON, and are kept in build/peers. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = fileURLToPath(new URL("../../build/peers/", import.meta.url));

function fail(status, text) {
    console.error(text);
    process.exit(status);
}

function load(name) {
    try {
        return createRequire(folder)(name);
    } catch {
        fail(3, `no ${name}: npm install --prefix build/peers --ignore-scripts ${name}`);
    }
}

function exported(arch, size, batch) {
    const file = `${folder}${arch}-${size}-b${batch}.onnx`;
    const options = ["--arch", arch, "--size", size, "--batch", batch];
    if (existsSync(file))
        return file;
    const { status } = spawnSync(process.env.PYTHON || "python3",
                                 [`${here}export_onnx.py`, ...options, file],
                                 { stdio: ["ignore", "ignore", "inherit"] });
    if (status !== 0)
        process.exit(status ?? 1); /* it has said why */
    return file;
}

const text = (value) => ({ type: "string", default: value });
const { values: o } = parseArgs({
    options: {
        arch: text("resnet18"), job: text("forward"), size: text("224"), batch: text("16"),
        threads: text("0"), runs: text("5"),
    },
});
if (o.job !== "forward")
    fail(2, "onnxruntime.mjs: ONNX Runtime infers only; give --job forward");
const { InferenceSession, Tensor } = load("onnxruntime-node");
const { version } = load("onnxruntime-node/package.json");
const [size, batch, runs] = [o.size, o.batch, o.runs].map(Number);
const threads = Number(o.threads) || availableParallelism();
const session = await InferenceSession.create(exported(o.arch, size, batch), {
    intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential",
    graphOptimizationLevel: "all",
});
const x = new Tensor("float32", Float32Array.from({ length: batch * 3 * size * size },
                                                  () => 2 * Math.random() - 1),
                     [batch, 3, size, size]);
const times = [];
for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    await session.run({ x });
    if (i > 0) /* the first one faults in memory and wakes threads */
        times.push((performance.now() - start) / batch);
}
times.sort((a, b) => a - b);
const median = (times[(runs - 1) >> 1] + times[runs >> 1]) / 2;
console.log(JSON.stringify({
    peer: `onnxruntime ${version}`, job: o.job, arch: o.arch, size, batch, runs, threads,
    precision: "f32", images_per_second: 1000 / median, ms_per_image: median,
    best_ms_per_image: times[0], peak_rss_mb: process.resourceUsage().maxRSS * 1024 / 1e6,
}));
