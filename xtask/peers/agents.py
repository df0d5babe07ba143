"""The engine beside released frameworks on the smallest model of governance: speed, memory and turnout.

usage: agents.py SCRIPTS OURS KRABMAGA ARRAYS ROUNDS

A framework's time is the processor time (user and system, all threads) of its process, the least over rounds in which
all take their turn, less the least of the same program over one proposal: starting, importing and drawing agents is left
out. The peers' own seconds are of wall time, which another process on the machine lengthens.

Turnout is checked against what it is in expectation for the population that a framework drew, known to the last agent.
Exits with 1 where a turnout is further off than chance allows, where ours is below 300 million agent-steps a second or
three times NumPy, and where a wrong rule would have passed.
"""

import json
import math
import os
import subprocess
import sys

import numpy

SCRIPTS, OURS, KRABMAGA, ARRAYS = sys.argv[1:5]
ROUNDS = int(sys.argv[5])
sys.path.insert(0, SCRIPTS)
import govmin  # noqa: E402

# At most one of so many comparisons fails with a probability of one in a million.
FALSE = 1e-6 / 100
SPARSE = dict(GOV_V="120", GOV_A="0.0005")
LEAST, NUMPY_FACTOR = 300.0, 3.0


def programs(n):
    """Name, command without its number of steps, steps, of those the script leaves out, environment, population."""
    python, million = sys.executable, 1_000_000

    def script(name, *mode):
        return lambda steps: [python, f"{SCRIPTS}/gov_{name}.py", str(n), str(steps), *mode]

    def ours(scheduler, window, activity):
        return lambda steps: [OURS, "peer", str(n), str(steps), str(window), activity, scheduler]

    def steps(work):
        return max(20, int(work * million) // n // 10 * 10)

    return [
        ("ours, every step", ours("stepped", 10, "0.1"), steps(2000), {}, None),
        ("plain NumPy", script("numpy"), steps(400), {}, numpy_population),
        ("struct of arrays in Rust", lambda t: [ARRAYS, str(n), str(t), "1", "split"], steps(2000), {}, rust_population),
        ("krABMaga", lambda t: [KRABMAGA, str(n), str(t)], steps(20), {}, rust_population),
        ("radCAD, NumPy", script("radcad", "numpy"), steps(20), {}, numpy_population),
        ("cadCAD, NumPy", script("cadcad", "numpy"), steps(20), {}, numpy_population),
        ("Mesa, `do`", script("mesa", "do"), steps(4), {}, numpy_population),
        ("Mesa, `shuffle_do`", script("mesa", "shuffle_do"), steps(2), {}, numpy_population),
        ("radCAD without copies", script("radcad", "objects", "nodeepcopy"), max(40, steps(2)), {}, numpy_population),
        ("radCAD", script("radcad", "objects"), 20, {}, numpy_population),
        ("cadCAD", script("cadcad", "objects"), 20, {}, numpy_population),
        ("ours, 3 % turnout, by events", ours("events", 120, "0.0005"), steps(120_000) // 120 * 120, {}, None),
        (
            "struct of arrays, the same, by events",
            lambda t: [ARRAYS, str(n), str(t), "1", "event"],
            steps(60_000) // 120 * 120,
            SPARSE,
            rust_population,
        ),
    ]


def numpy_population(n, _):
    weights, rates, _ = govmin.population(n)
    return weights, rates


def rust_population(n, most):
    """The population that both programs in Rust draw: SplitMix64 from 1, power, activity and ideology in turn."""
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(1) + numpy.arange(1, 3 * n + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    uniform = ((z ^ (z >> numpy.uint64(31))) >> numpy.uint64(11)) / 2.0**53
    return numpy.floor((1.0 - uniform[::3]) ** (-1.0 / 1.16)), uniform[1::3] * most


def run(command, environment):
    """The line that a program printed and its processor seconds."""
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment}, text=True
    )
    # Both pipes are short enough to be read after one another.
    text, problems = child.stdout.read(), child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if child.returncode or not lines:
        raise SystemExit(f"{' '.join(command)}: {child.returncode}\n{problems[-2000:]}")
    return json.loads(lines[-1]), usage.ru_utime + usage.ru_stime


def bound(variance, largest, proposals):
    """How far the mean turnout of independent proposals lies off its expectation with probability FALSE (Bernstein):
    a sum of independent terms, each at most the largest share of power over the number of proposals."""
    log = math.log(2.0 / FALSE)
    third = log * largest / proposals / 3.0
    return third + math.sqrt(third * third + 2.0 * log * variance / proposals)


def expectation(population, n, window, most):
    weights, rates = population(n, most)
    shares, acts = weights / weights.sum(), 1.0 - (1.0 - rates) ** window
    return (shares * acts).sum(), (shares**2 * acts * (1.0 - acts)).sum(), shares.max()


def main():
    problems = []
    for n in (10_000, 100_000):
        listed = programs(n)
        long, short, lines, peaks = {}, {}, {}, {}
        for _ in range(ROUNDS):
            for name, command, steps, environment, _ in listed:
                window = 120 if "3 %" in name or environment else 10
                line, seconds = run(command(steps), environment)
                _, less = run(command(window), environment)
                long[name] = min(long.get(name, math.inf), seconds)
                short[name] = min(short.get(name, math.inf), less)
                lines[name], peaks[name] = line, max(line["peak_rss_mib"], peaks.get(name, 0.0))
        speed = {}
        print(f"\n{n} agents, least processor time of {ROUNDS} rounds in turn\n")
        print("| framework | million agent-steps a CPU-second | ours over it | peak RSS, MiB | turnout | expected +- bound |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name, _, steps, environment, population in listed:
            sparse = "3 %" in name or environment
            line, window = lines[name], 120 if sparse else 10
            seconds = long[name] - short[name]
            speed[name] = n * (line["t"] - window) / seconds / 1e6
            if population is None:
                mean, variance, largest = (line[key] for key in ("expected", "variance", "largest"))
            else:
                mean, variance, largest = expectation(population, n, window, 0.0005 if sparse else 0.1)
            # The peers round to four digits.
            allowed = bound(variance, largest, line["proposals"]) + 5e-5
            ours = speed["ours, 3 % turnout, by events" if sparse else "ours, every step"]
            version = f" {line['version']}" if population and "version" in line else ""
            print(
                f"| {name}{version} | {speed[name]:.4g} | {ours / speed[name]:.3g} | {peaks[name]:.0f} "
                f"| {line['turnout']:.4f} | {mean:.4f} +- {allowed:.4f} |"
            )
            if abs(line["turnout"] - mean) > allowed:
                problems.append(f"{name}, {n} agents: turnout {line['turnout']}, not {mean:.4f} +- {allowed:.4f}")
            if name == "ours, every step":
                # Control: the same rule over a window of eleven steps must be told from one over ten.
                _, rates = numpy_population(n, 0.1)
                other = mean * (1.0 - (1.0 - rates) ** 11).mean() / (1.0 - (1.0 - rates) ** 10).mean()
                if abs(other - mean) <= 2.0 * allowed:
                    problems.append(f"{n} agents: a window of eleven steps could not be told from one of ten")
        ours, beside = speed["ours, every step"], speed["plain NumPy"]
        if ours < LEAST:
            problems.append(f"{n} agents: ours reaches {ours:.0f} M agent-steps a CPU-second; {LEAST:.0f} are asked for")
        if ours < NUMPY_FACTOR * beside:
            problems.append(f"{n} agents: ours is {ours / beside:.2f} times NumPy; {NUMPY_FACTOR} are asked for")
        sys.stdout.flush()
    print("\n" + "\n".join(problems or ["every turnout is that of the rule; ours is as fast as asked for"]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
