"""Path-steps a second of numpy and arch on one core, for `market_speed`: prints one JSON object of name and speed.

A path-step is one daily log return of one asset on one path. Times are of the process (`time.process_time`), the best of
three rounds.
"""

import json
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
from arch import arch_model


def best(work, steps, rounds=3):
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return steps / min(times)


random = numpy.random.default_rng(1)
PATHS, STEPS = 5_000, 1_000


def gbm():
    values = random.standard_normal((PATHS, STEPS))
    values *= 0.03
    values += 0.001
    return values


root = numpy.linalg.cholesky(numpy.full((4, 4), 0.6) + 0.4 * numpy.eye(4)) * 0.03


def gbm_of_four():
    return random.standard_normal((PATHS // 10 * STEPS, 4)) @ root.T + 0.001


OMEGA, ALPHA, BETA, FREEDOM = 2e-5, 0.09, 0.89, 5.0


def garch():
    """All paths one step at a time."""
    variance = numpy.full(PATHS, 1e-3)
    scale = numpy.sqrt((FREEDOM - 2) / FREEDOM)
    values = numpy.empty((STEPS, PATHS))
    for step in range(STEPS):
        shock = numpy.sqrt(variance) * (scale * random.standard_t(FREEDOM, PATHS))
        values[step] = 0.001 + shock
        variance = OMEGA + ALPHA * shock * shock + BETA * variance
    return values


model = arch_model(0.03 * random.standard_t(5.0, 1_000), mean="Constant", p=1, q=1, dist="t", rescale=False)
fixed = model.fix([0.001, OMEGA, ALPHA, BETA, FREEDOM])


def arch():
    """The package's own simulation of the days to come."""
    return fixed.forecast(horizon=STEPS, method="simulation", simulations=1_000, reindex=False)


print(
    json.dumps(
        {
            "numpy gbm": best(gbm, PATHS * STEPS),
            "numpy gbm of four": best(gbm_of_four, PATHS // 10 * STEPS * 4),
            "numpy garch-t": best(garch, PATHS * STEPS),
            "arch garch-t": best(arch, 1_000 * STEPS),
        }
    )
)
