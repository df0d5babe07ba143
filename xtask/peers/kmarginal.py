"""The k-marginal score by NIST's own code, the `sdnist` package.

usage: kmarginal.py agree TRAIN.csv ROWS.csv EVALUATION.json   ours of `daotwin evaluate --json` beside theirs
       kmarginal.py acs EXCERPT.csv ROWS.csv                    theirs, of the columns of ROWS, as their report has it

Their class scores pairs, or pairs crossed with one column (in their report the area, PUMA). The mean over triples is the
mean over all columns of the score crossed with that column: each triple then counts three times. The `agree` form
exits with 1 where the two codes differ by half a point or more.
"""

import json
import sys

import pandas

# The report comes first: it and the metric import each other.
from sdnist.report.dataset.binning import add_bin_for_NA, percentile_rank_synthetic, percentile_rank_target
from sdnist.metrics.kmarginal import KMarginal  # isort: skip

# What their report cuts.
NUMBERS = ["AGEP", "POVPIP", "PINCP", "PWGTP", "WGTP"]


def binned(real, rows, numbers):
    """Both tables with numbers cut by their functions, in the order of their report, and labels left as they are."""
    real, rows = (table.astype({name: object for name in numbers}) for table in (real, rows))
    cut = add_bin_for_NA(percentile_rank_target(real, numbers), real, numbers)
    other = percentile_rank_synthetic(rows, real, cut, numbers)
    return cut, add_bin_for_NA(other, rows, numbers)


def score(cut, other, group=None):
    if group is None:
        return KMarginal(cut, other).compute_score()
    # Only this name is left out of the pairs when they are crossed with it.
    named = {group: "PUMA"}
    return KMarginal(cut.rename(columns=named), other.rename(columns=named), ["PUMA"]).compute_score()


def main():
    form, train, path, *rest = sys.argv[1:]
    if form == "acs":
        rows = pandas.read_csv(path, dtype=str, keep_default_na=False).replace("", "N")
        real = pandas.read_csv(train, dtype=str, keep_default_na=False)[list(rows.columns)]
        numbers = [name for name in rows.columns if name in NUMBERS]
        for table in (real, rows):
            for name in numbers:
                # Their functions read whole numbers.
                table[name] = table[name].map(lambda cell: cell if cell == "N" else str(int(float(cell))))
        group = "PUMA" if "PUMA" in rows else None
        value = score(*binned(real, rows, numbers), group)
        print(f"k-marginal of {len(rows.columns)} columns{' crossed with PUMA' if group else ''}: {value:.1f}")
        return
    real, rows = (pandas.read_csv(file, keep_default_na=False) for file in (train, path))
    columns = list(real.columns)
    cut, other = binned(real, rows[columns], [name for name in columns if real[name].dtype != object])
    with open(rest[0]) as file:
        ours = {entry["id"]: float(entry["value"]) for entry in json.load(file)["scores"]}
    theirs = {
        "table.fidelity.kmarginal2": score(cut, other),
        "table.fidelity.kmarginal3": sum(score(cut, other, name) for name in columns) / len(columns),
    }
    for name, value in theirs.items():
        print(f"{name}: ours {ours[name]:.3f}, sdnist {value:.3f}")
    if any(abs(ours[name] - value) >= 0.5 for name, value in theirs.items()):
        sys.exit(1)


main()
