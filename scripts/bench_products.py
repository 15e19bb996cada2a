"""What a matrix product of 106 and 212 bits costs, beside python-flint's ``arb_mat``.

Both multiply the same matrices in turn, in one process and on one thread: medians
with quartiles of CPU milliseconds, and the ratio of medians. On a GPU the time is
wall time between synchronisations, and the last column the share of the float64 peak
reached by the multiply-adds that were issued, two operations each.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/bench_products.py
        [--sizes 100 400 1000] [--repeats 7] [--device cuda] [--peak-tflops 67]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import torch
from flint import arb_mat, ctx

from bosearch.sdp.multifloat import MultiFloat
from bosearch.sdp.multifloat.product import multiply_adds

LIMBS = (2, 4)


def matrix(n: int, limbs: int, seed: int) -> MultiFloat:
    """Standard normal entries with all limbs in use."""
    rng = torch.Generator().manual_seed(seed)
    parts = torch.randn(limbs, n, n, generator=rng, dtype=torch.float64)
    for i in range(1, limbs):
        parts[i] = parts[i - 1] * 2.0**-54 * parts[i].tanh()
    return MultiFloat(parts)


def cpu_ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1e3 * (time.process_time() - start)


def gpu_ms(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return 1e3 * (time.perf_counter() - start)


def cell(values: list[float]) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:10.2f} [{low:.2f}, {high:.2f}]".ljust(34)


def on_cpu(n: int, limbs: int, repeats: int) -> str:
    A, B = matrix(n, limbs, 1), matrix(n, limbs, 2)
    ctx.prec = A.bits
    a, b = A.to_arb_mat(), B.to_arb_mat()

    def flint() -> arb_mat:
        return a * b

    A @ B  # plans and pages come first, once
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(cpu_ms(lambda: A @ B))
        theirs.append(cpu_ms(flint))
    ratio = statistics.median(ours) / statistics.median(theirs)
    return f"{cell(ours)}{cell(theirs)}{ratio:6.3f}"


def on_gpu(n: int, limbs: int, repeats: int, peak_tflops: float) -> str:
    A, B = matrix(n, limbs, 1).to("cuda"), matrix(n, limbs, 2).to("cuda")
    A @ B
    times = [gpu_ms(lambda: A @ B) for _ in range(repeats)]
    operations = 2 * multiply_adds(limbs, n, n, n)
    share = operations / (statistics.median(times) * 1e-3) / (peak_tflops * 1e12)
    return f"{cell(times)}{share:8.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 400, 1000])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--peak-tflops", type=float, default=67.0, help="float64, tensor cores")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device here")

    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1 first: numpy reads it when it is imported")
    head = "CPU ms, median [quartiles]".ljust(34)
    if given.device == "cpu":
        print(f"{'bits':>5}{'n':>6}  {'bosearch: ' + head:44}{'arb_mat'.ljust(24)}ratio")
    else:
        print(f"{'bits':>5}{'n':>6}  {'wall ms, median [quartiles]'.ljust(34)}share of peak")
    for limbs in LIMBS:
        for n in given.sizes:
            if given.device == "cpu":
                figures = on_cpu(n, limbs, given.repeats)
            else:
                figures = on_gpu(n, limbs, given.repeats, given.peak_tflops)
            print(f"{53 * limbs:5}{n:6}  {figures}", flush=True)


if __name__ == "__main__":
    main()
