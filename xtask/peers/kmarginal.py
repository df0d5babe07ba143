"""Our k-marginal scores beside those of NIST's own code, the `sdnist` package.

usage: kmarginal.py PROGRAM TRAIN.csv FOLDER [EXCERPT.csv]

Their class scores pairs, or pairs crossed with one column (in their report the area, PUMA); triples are the same sums of
its densities over three columns. Exits with 1 where the two codes differ by half a point or more. With the national
excerpt of 2019 of the American Community Survey, also prints what their code gives our models on it, and exits with 1
where no private model reaches 970 at epsilon 1 on the demographic columns.
"""

import itertools
import json
import os
import subprocess
import sys

import pandas

# The report comes first: it and the metric import each other.
from sdnist.report.dataset.binning import add_bin_for_NA, percentile_rank_synthetic, percentile_rank_target
from sdnist.metrics.kmarginal import KMarginal  # isort: skip

# What their report cuts.
NUMBERS = ["AGEP", "POVPIP", "PINCP"]
# The columns of their published reports of AIM and MST (976 and 958 at epsilon 1), and of CART without privacy (923).
DEMOGRAPHIC = ["AGEP", "SEX", "MSP", "RAC1P", "HOUSING_TYPE", "OWN_RENT", "EDU", "PINCP_DECILE", "DVET", "DEYE"]
MOST = (
    "PUMA AGEP SEX MSP HISP RAC1P NOC NPF HOUSING_TYPE OWN_RENT INDP INDP_CAT EDU PINCP PINCP_DECILE POVPIP DVET DREM "
    "DPHY DEYE DEAR"
).split()
ASKED = 970.0


def binned(real, rows, numbers):
    """Both tables with numbers cut by their functions, in the order of their report, and labels left as they are."""
    real, rows = (table.astype({name: object for name in numbers}) for table in (real, rows))
    cut = add_bin_for_NA(percentile_rank_target(real, numbers), real, numbers)
    other = percentile_rank_synthetic(rows, real, cut, numbers)
    return cut, add_bin_for_NA(other, rows, numbers)


def triples(cut, other):
    marginal = KMarginal(cut, other)
    sets = [list(names) for names in itertools.combinations(cut.columns, 3)]
    differences = [marginal.marginal_densities(cut, names)[2].sum() for names in sets]
    return (2 - sum(differences) / len(sets)) * 500


class Bench:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def at(self, name):
        return os.path.join(self.folder, name)

    def run(self, *arguments):
        command = [self.program, "--quiet", *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout

    def sample(self, name, table, columns, model, *private):
        """The path of rows of a model of a table."""
        place, rows = self.at(name), self.at(name + ".csv")
        self.run("fit", table, "--out", place, "--model", model, "--columns", columns, *private)
        self.run("sample", place, "--out", rows, "--seed", "2")
        return rows

    def agree(self, train):
        real = pandas.read_csv(train, keep_default_na=False)
        numbers = [name for name in real if real[name].dtype != object]
        cut, same = binned(real, real, numbers)
        wrong = [name for name in numbers if (cut[name] != same[name]).any()]
        print(f"left out, since their code does not cut a table as itself there: {', '.join(wrong) or 'none'}")
        kept = [name for name in real if name not in wrong]
        numbers = [name for name in numbers if name in kept]
        real, table, columns = real[kept], self.at("kept.csv"), self.at("columns.toml")
        real.to_csv(table, index=False)
        with open(columns, "w") as file:
            file.write("")
        rows = self.sample("trees", table, columns, "trees")
        files = ["--real", table, "--synthetic", rows, "--out", self.at("report.html")]
        scores = json.loads(self.run("--json", "evaluate", *files))["scores"]
        ours = {score["id"]: float(score["value"]) for score in scores}
        cut, other = binned(real, pandas.read_csv(rows, keep_default_na=False)[kept], numbers)
        theirs = {
            "table.fidelity.kmarginal2": KMarginal(cut, other).compute_score(),
            "table.fidelity.kmarginal3": triples(cut, other),
        }
        for name, value in theirs.items():
            print(f"{name}: ours {ours[name]:.3f}, sdnist {value:.3f}")
        return all(abs(ours[name] - value) < 0.5 for name, value in theirs.items())

    def excerpt(self, path, names, form):
        """The columns of an excerpt as our models read them, and what they are."""
        real = pandas.read_csv(path, dtype=str, keep_default_na=False)[names]
        lines = []
        for name in names:
            if name not in NUMBERS:
                labels = json.dumps(sorted(set(real[name])))
                lines.append(f'[columns.{name}]\nkind = "categorical"\nlabels = {labels}\n')
                continue
            known = real[name][real[name] != "N"].map(lambda cell: int(float(cell)))
            real.loc[known.index, name] = known.map(str)
            optional = "true" if len(known) < len(real) else "false"
            bounds = f"minimum = {known.min()}\nmaximum = {known.max()}"
            lines.append(f'[columns.{name}]\nkind = "integer"\n{bounds}\noptional = {optional}\n')
        table, columns = self.at(form + ".table.csv"), self.at(form + ".toml")
        given = real.copy()
        for name in NUMBERS:
            if name in names:
                given[name] = given[name].replace("N", "")
        given.to_csv(table, index=False)
        with open(columns, "w") as file:
            file.write("\n".join(lines))
        return real, table, columns

    def score(self, real, path):
        rows = pandas.read_csv(path, dtype=str, keep_default_na=False)[list(real.columns)]
        numbers = [name for name in real.columns if name in NUMBERS]
        for name in numbers:
            rows[name] = rows[name].replace("", "N")
        group = ["PUMA"] if "PUMA" in rows else None
        return KMarginal(*binned(real, rows, numbers), group).compute_score()

    def survey(self, path):
        real, table, columns = self.excerpt(path, DEMOGRAPHIC, "demographic")
        best = 0.0
        for card in json.loads(self.run("models", "--json")):
            if card["learns"] != "tables" or not card["privacy"]:
                continue
            scores = []
            for noise in range(3):
                name = f"{card['model']}.{noise}"
                # A ledger of its own, thrown away: these rows are no release.
                budget = ["--epsilon", "1", "--delta", "1e-9", "--ledger", self.at("ledger." + name)]
                self.run("privacy", "register", "survey", *budget)
                rows = self.sample(name, table, columns, card["model"], "--account", "survey", *budget)
                scores.append(self.score(real, rows))
            best = max(best, sum(scores) / len(scores))
            told = ", ".join(f"{score:.1f}" for score in scores)
            print(f"demographic columns, {card['model']} at epsilon 1, delta 1e-9, three noises: {told}", flush=True)
        real, table, columns = self.excerpt(path, MOST, "most")
        # The default is more careful: it reveals less of whose rows were learned.
        for name, settings in (("most", []), ("bold", ["--set", "class_gain=0.3"])):
            score = self.score(real, self.sample(name, table, columns, "trees", *settings))
            print(f"21 columns crossed with the area, trees without privacy {' '.join(settings)}: {score:.1f}")
        return best >= ASKED


def main():
    program, train, folder, *rest = sys.argv[1:]
    bench = Bench(program, folder)
    passed = bench.agree(train)
    if any(rest):
        passed = bench.survey(rest[0]) and passed
    sys.exit(not passed)


main()
