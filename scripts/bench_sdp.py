"""What a bound costs: two-point programs, against SDPA-GMP, with certificate and check.

Everything in CPU seconds of one thread, medians (least .. most). Where there is a
peer, both solve the same program in turn in one run. Products of matrices are in
``bench_products.py``.

    OMP_NUM_THREADS=1 .venv/bin/python scripts/bench_sdp.py [values dims peer proof three many]
        [--repeats 3] [--count 200] [--device cuda]
"""

import argparse
import math
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from flint import fmpq
from rich.console import Console
from rich.table import Table

from bosearch.packing import two_point
from bosearch.packing.three_point import three_point
from bosearch.packing.two_point_program import TwoPointProgram
from bosearch.sdp import SdpProblem, SdpResult, Status, solve, solve_many
from bosearch.verify import verify

LP_AT_DEGREE_41 = {  # values of linear programming at degree 41, all digits known to us
    2: "0.9068996821",
    3: "0.7797469293",
    4: "0.6477052138",
    5: "0.5249804280",
    6: "0.4176740782",
    7: "0.3274566428",
    8: "0.2536710315",
    9: "0.1945574682",
    10: "0.1479563009",
    11: "0.1116943294",
    12: "0.0837801404",
    13: "0.0624867141",
    14: "0.0463701262",
    15: "0.0342544076",
    16: "0.0252006480",
    24: "0.0019345136",
}


def cpu_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def measured(work: Callable[[], Any], repeats: int) -> tuple[Any, list[float]]:
    """The last result, and the seconds of each repeat."""
    seconds: list[float] = []
    found = None
    for _ in range(repeats):
        began = cpu_s()
        found = work()
        seconds.append(cpu_s() - began)
    return found, seconds


def spread(seconds: Iterable[float]) -> str:
    values = sorted(seconds)
    return f"{statistics.median(values):.2f} ({values[0]:.2f} .. {values[-1]:.2f})"


def values(repeats: int) -> Table:
    """Dimension 8, where the exact density is pi^4 / 384 = 0.25366950790."""
    table = Table("degree", "bound", "gap", "CPU s", title="Two points, dimension 8")
    for degree in (41, 57, 93):
        found, seconds = measured(partial(two_point, 8, degree), repeats)
        table.add_row(str(degree), str(found.density), f"{found.gap:.0e}", spread(seconds))
    return table


def dims(repeats: int) -> Table:
    """Every dimension: at the natural scale, as bounds are usually quoted, and at the best one."""
    columns = ("dim", "expected", "natural scale", "agrees", "CPU s", "best scale", "r", "CPU s")
    table = Table(*columns, title="Two points, degree 41, search of the scale included")
    for dim in range(1, 25):
        found, seconds = measured(partial(two_point, dim, 41, r="natural"), repeats)
        best, seconds_best = measured(partial(two_point, dim, 41), repeats)
        expected = LP_AT_DEGREE_41.get(dim, "")
        agrees = abs(float(found.density) - float(expected or "nan")) < 1e-10
        table.add_row(
            *(
                str(dim),
                expected,
                f"{found.density:.12f}",
                "yes" if agrees else "-" * bool(expected),
            ),
            *(spread(seconds), f"{best.density:.12f}", f"{best.r:.5f}", spread(seconds_best)),
        )
    return table


def peer(repeats: int) -> Table:
    """One program, two solvers, at a gap of 1e-12 or better."""
    found = two_point(12, 25)
    problem = TwoPointProgram(12, 25, fmpq(found.rho.numerator, found.rho.denominator)).problem()
    times: dict[str, list[float]] = {"native": [], "sdpa-gmp": []}
    results: dict[str, SdpResult] = {}
    for _ in range(repeats):
        for backend, seconds in times.items():
            results[backend], once = measured(partial(solve, problem, backend=backend), 1)
            seconds += once
    table = Table("solver", "f(0)/f^(0)", "gap", "status", "CPU s", title="Dimension 12, degree 25")
    for backend, seconds in times.items():
        result = results[backend]
        value, _ = result.decimal(16)
        table.add_row(backend, value, f"{result.gap:.0e}", str(result.status), spread(seconds))
    ratios = [ours / theirs for ours, theirs in zip(*times.values(), strict=True)]
    table.add_row("ratio", "", "", "<= 0.125", spread(ratios))
    return table


def proof(repeats: int) -> Table:
    """From nothing to a certificate, and the certificate checked."""
    table = Table("dim", "degree", "proved", "solve + certify", "verify", title="Proofs, CPU s")
    for dim, degree in ((1, 17), (8, 41), (8, 57), (24, 61)):
        bound, making = measured(partial(two_point, dim, degree, certify=True), repeats)
        proved, checking = measured(partial(verify, bound.certificate), repeats)
        table.add_row(str(dim), str(degree), proved.density, spread(making), spread(checking))
    return table


def three(repeats: int) -> Table:
    """Three points in dimension 4, up to the size at which campaigns run."""
    table = Table("d", "bound", "gap", "iterations", "CPU s", title="Three points, dimension 4")
    for d, d2, R, gap in ((4, 8, 1.67, 1e-9), (6, 10, 1.67, 1e-9), (9, 14, 1.9, 1e-7)):
        found, seconds = measured(partial(three_point, 4, d, d2, 1.2, R, gap=gap), repeats)
        iterations = str(len(found.result.history))
        table.add_row(str(d), str(found.density), f"{found.gap:.0e}", iterations, spread(seconds))
    return table


def sweep(count: int, degree: int = 25) -> list[SdpProblem]:
    """Two-point programs of dimensions 1 to 24 at several scales."""
    problems = []
    for i in range(count):
        r = (0.965 + 0.045 * (i % 24)) * (0.97 + 0.06 * (i // 24) * 24 / count)
        rho = fmpq(round(2 * math.pi * r**2 * 2**20), 2**20)
        problems.append(TwoPointProgram(1 + i % 24, degree, rho).problem())
    return problems


def many(count: int, device: str) -> Table:
    """A sweep as one batch, against one solve after the other on one CPU core.

    Wall seconds on a device, as the host mostly waits for it.
    """
    problems = sweep(count)
    clock = cpu_s if device == "cpu" else time.monotonic
    began = clock()
    together = solve_many(problems, device=device)
    batch = clock() - began
    began = cpu_s()
    alone = [solve(problem) for problem in problems]
    single = cpu_s() - began
    pairs = list(zip(together, alone, strict=True))
    worst = max(
        abs(a.value - b.value) / max(1.0, abs(b.value))
        for a, b in pairs
        if a.status is b.status is Status.optimal
    )
    columns = ("programs", "optimal", "one status", "values differ by", "s each", "alone", "ratio")
    table = Table(*columns, title=f"Two points, degree 25, a batch on {device}")
    table.add_row(
        str(count),
        str(sum(a.status is Status.optimal for a, _ in pairs)),
        str(sum(a.status is b.status for a, b in pairs)),
        f"{worst:.0e}",
        f"{batch / count:.3f}",
        f"{single / count:.3f}",
        f"{single / batch:.2f}",
    )
    return table


PARTS = {"values": values, "dims": dims, "peer": peer, "proof": proof, "three": three}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "many", []], metavar="PART")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--count", type=int, default=200, help="programs of `many`")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="of `many`")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch finds no CUDA device here")
    torch.set_num_threads(1)
    console = Console(width=130)
    for part in given.parts or [*PARTS, "many"]:
        if part == "many":
            console.print(many(given.count, given.device))
        else:
            console.print(PARTS[part](given.repeats))


if __name__ == "__main__":
    main()
