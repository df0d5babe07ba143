"""Draws the joint scenarios of the mean-CVaR benchmark and writes them to a file that every peer reads.

    python cvar_scenarios.py ASSETS SCENARIOS FILE

Regime-switching Student-t(4) factor model of daily returns, numpy's generator with seed 3; asset 0 is a stable coin.
The file: ASSETS and SCENARIOS as little-endian 64-bit integers, then returns as little-endian doubles, scenario by scenario.
"""
import sys

import numpy as np


def scenarios(assets, count):
    generator = np.random.default_rng(3)
    regime = generator.random(count) < 0.12
    factor = generator.standard_t(4, count) / np.sqrt(2)
    factor = factor * np.where(regime, 0.07, 0.03) + np.where(regime, -0.01, 0.0015)
    exposure = np.r_[0.0, 0.6 + generator.random(assets - 1)]
    scale = np.r_[0.0005, 0.02 + 0.03 * generator.random(assets - 1)]
    own = generator.standard_t(4, (count, assets)) / np.sqrt(2) * scale
    drift = np.r_[0.0001, 0.0004 * generator.random(assets - 1)]
    return np.expm1(factor[:, None] * exposure + own + drift)


if __name__ == "__main__":
    assets, count = int(sys.argv[1]), int(sys.argv[2])
    with open(sys.argv[3], "wb") as file:
        np.array([assets, count], dtype="<i8").tofile(file)
        scenarios(assets, count).astype("<f8").tofile(file)
