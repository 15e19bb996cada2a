"""What a matrix product of 106 and 212 bits costs, beside python-flint's ``arb_mat``.

Both multiply the same matrices in turn, in one process and on one thread: medians
with quartiles of CPU milliseconds, and the ratio of medians. On a GPU the time is
wall time between synchronisations. Beside it stand the share of the float64 peak that
the multiply-adds reach, two operations each, and how many times faster it is than our
product on one CPU core. The peak is what a plain product of float64 reaches there.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/bench_products.py
        [--sizes 100 400 1000] [--repeats 7] [--device cuda]
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


def peak_flops(repeats: int, n: int = 4096) -> float:
    """Operations per second of the fastest plain product of float64."""
    A = torch.randn(n, n, dtype=torch.float64, device="cuda")
    gpu_ms(lambda: A @ A)
    return 2 * n**3 / (1e-3 * min(gpu_ms(lambda: A @ A) for _ in range(repeats)))


def on_gpu(n: int, limbs: int, repeats: int, peak: float) -> str:
    A, B = matrix(n, limbs, 1), matrix(n, limbs, 2)
    host = min(cpu_ms(lambda: A @ B) for _ in range(2))  # the first makes plans and pages
    A, B = A.to("cuda"), B.to("cuda")
    A @ B
    times = [gpu_ms(lambda: A @ B) for _ in range(repeats)]
    middle = statistics.median(times)
    share = 2 * multiply_adds(limbs, n, n, n) / (1e-3 * middle) / peak
    return f"{cell(times)}{share:8.1%}{host / middle:14.0f}x"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", help="2000 too on a GPU")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device here")

    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1 first: numpy reads it when it is imported")
    head = "CPU ms, median [quartiles]".ljust(34)
    sizes = given.sizes or [100, 400, 1000] + [2000] * (given.device == "cuda")
    peak = 0.0
    if given.device == "cpu":
        print(f"{'bits':>5}{'n':>6}  {'bosearch: ' + head:44}{'arb_mat'.ljust(24)}ratio")
    else:
        peak = peak_flops(given.repeats)
        print(f"{torch.cuda.get_device_name()}: float64 peak {peak / 1e12:.1f} Tflop/s")
        head = "wall ms, median [quartiles]".ljust(34)
        print(f"{'bits':>5}{'n':>6}  {head}share of peak  over one CPU core")
    for limbs in LIMBS:
        for n in sizes:
            if given.device == "cpu":
                figures = on_cpu(n, limbs, given.repeats)
            else:
                figures = on_gpu(n, limbs, given.repeats, peak)
            print(f"{53 * limbs:5}{n:6}  {figures}", flush=True)


if __name__ == "__main__":
    main()
