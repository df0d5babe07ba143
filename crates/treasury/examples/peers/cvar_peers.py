"""Solves the mean-CVaR benchmark with one library and prints one line of JSON.

    python cvar_peers.py FILE cvxpy|skfolio|pypfopt|riskfolio [SOLVER]

FILE is written by cvar_scenarios.py. Long only, caps of 0.4, at least 0.2 of asset 0, mean return of at least 0.0004.
Pins: requirements.txt beside this file. `seconds` is the wall clock of the solve, `processor_seconds` its processor time,
both without imports and reading; `cvar_tail` is the mean of the worst ceil((1 - 0.95) * SCENARIOS) losses as numpy's floats
have it, `cvar` is Rockafellar and Uryasev's at the same weights.
"""
import json
import resource
import sys
import time
import warnings

import numpy as np

warnings.filterwarnings("ignore")
LEVEL, CAP, FLOOR, MEAN = 0.95, 0.4, 0.2, 0.0004


def main(path, library, solver):
    with open(path, "rb") as file:
        assets, count = np.fromfile(file, "<i8", 2)
        returns = np.fromfile(file, "<f8").reshape(count, assets)
    if library == "cvxpy":
        import cvxpy as cp

        weights, edge, excess = cp.Variable(assets), cp.Variable(), cp.Variable(count, nonneg=True)
        problem = cp.Problem(
            cp.Minimize(edge + cp.sum(excess) / ((1 - LEVEL) * count)),
            [
                excess >= -returns @ weights - edge,
                cp.sum(weights) == 1,
                weights >= 0,
                weights <= CAP,
                weights[0] >= FLOOR,
                returns.mean(0) @ weights >= MEAN,
            ],
        )
        start = time.perf_counter(), time.process_time()
        problem.solve(solver=solver or "CLARABEL")
        found = weights.value
    elif library == "skfolio":
        from skfolio import RiskMeasure
        from skfolio.optimization import MeanRisk, ObjectiveFunction

        least = np.zeros(assets)
        least[0] = FLOOR
        model = MeanRisk(
            risk_measure=RiskMeasure.CVAR,
            cvar_beta=LEVEL,
            objective_function=ObjectiveFunction.MINIMIZE_RISK,
            min_weights=least,
            max_weights=CAP,
            min_return=MEAN,
        )
        start = time.perf_counter(), time.process_time()
        model.fit(returns)
        found = model.weights_
    elif library == "pypfopt":
        from pypfopt import EfficientCVaR

        start = time.perf_counter(), time.process_time()
        bounds = [(FLOOR, CAP)] + [(0, CAP)] * (int(assets) - 1)
        model = EfficientCVaR(returns.mean(0), returns, beta=LEVEL, weight_bounds=bounds)
        model.efficient_return(MEAN)
        found = model.weights
    elif library == "riskfolio":
        import pandas as pd
        import riskfolio as rp

        frame = pd.DataFrame(returns, columns=[f"a{at}" for at in range(assets)])
        model = rp.Portfolio(returns=frame, alpha=1 - LEVEL)
        model.assets_stats(method_mu="hist", method_cov="hist")
        model.upperlng, model.lowerret = CAP, MEAN
        row = np.zeros((1, assets))
        row[0, 0] = 1
        model.ainequality, model.binequality = -row, np.array([[-FLOOR]])
        start = time.perf_counter(), time.process_time()
        found = model.optimization(model="Classic", rm="CVaR", obj="MinRisk", rf=0, l=0, hist=True).values.ravel()
    else:
        raise SystemExit(f"no library `{library}`; there are cvxpy, skfolio, pypfopt, riskfolio")
    seconds, processor = time.perf_counter() - start[0], time.process_time() - start[1]
    losses = np.sort(-returns @ found)[::-1]
    worst = int(np.ceil((1 - LEVEL) * count))
    mass = (1 - LEVEL) * count
    edge = losses[worst - 1]
    print(
        json.dumps(
            dict(
                library=library,
                solver=solver,
                seconds=round(seconds, 3),
                processor_seconds=round(processor, 3),
                cvar_tail=float(losses[:worst].mean()),
                cvar=float(edge + np.maximum(losses - edge, 0).sum() / mass),
                mean=float(returns.mean(0) @ found),
                sum=float(found.sum()),
                stable=float(found[0]),
                mebibytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            )
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
