"""Released synthesizers beside daotwin's models: each fitted to one table, all scored by `daotwin evaluate`.

usage: table.py PROGRAM SCRIPTS TRAIN.csv TEST.csv TARGET FOLDER GAN_VAE_PYTHON SYNTHCITY_PYTHON SMARTNOISE_PYTHON EPOCHS STEPS
An empty path to a Python leaves its peers out. CPU-seconds of a peer are those of its fit alone, without imports;
those of a model of daotwin are of the whole command, reading included. What lies in FOLDER already is not run again.
"""

import csv
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DELTA = "1e-9"

# Which of our models stands against which peer.
PAIRS = [
    ("ctgan", "gan"),
    ("tvae", "vae"),
    ("ddpm", "tabddpm"),
    ("ddpm", "diffusion"),
    ("patectgan", "gan"),
    ("patectgan", "vae"),
    ("patectgan", "mst"),
    ("patectgan", "aim"),
    ("dpctgan", "gan"),
    ("dpctgan", "vae"),
    ("dpctgan", "mst"),
    ("dpctgan", "aim"),
]

SCORES = [
    ("2-way", "table.fidelity.marginals2", 4),
    ("3-way", "table.fidelity.marginals3", 4),
    ("AUC", "table.detection.auc", 3),
    ("TSTR", "table.utility.auc", 3),
    ("F1", "table.utility.f1", 3),
    ("copies", "table.privacy.copies", 4),
    ("membership", "table.privacy.membership", 3),
]


def say(text):
    print(text, flush=True)


def measured(command, **others):
    """Runs a command; CPU-seconds and peak MiB of its process, none where it failed."""
    say("$ " + " ".join(command))
    child = subprocess.Popen(command, **others)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        say(f"failed with {child.returncode}")
        return None
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def declaration(train, path):
    """What the table itself says of its columns, declared: the domain that the private peers are given too."""
    with open(train, newline="") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for name in rows[0]:
        cells = {row[name] for row in rows}
        optional = "true" if "" in cells else "false"
        cells.discard("")
        try:
            numbers = [float(cell) for cell in cells]
        except ValueError:
            labels = json.dumps(sorted(cells))
            lines.append(f'[columns.{json.dumps(name)}]\nkind = "categorical"\nlabels = {labels}\noptional = {optional}\n')
            continue
        whole = all(number.is_integer() for number in numbers)
        kind, form = ("integer", int) if whole else ("numeric", float)
        low, high = form(min(numbers)), form(max(numbers))
        lines.append(f'[columns.{json.dumps(name)}]\nkind = "{kind}"\nminimum = {low}\nmaximum = {high}\noptional = {optional}\n')
    with open(path, "w") as file:
        file.write("\n".join(lines))


class Bench:
    def __init__(self, arguments):
        (self.program, self.scripts, self.train, self.test, self.target, self.folder) = arguments[:6]
        (self.gan_vae, self.synthcity, self.smartnoise, self.epochs, self.steps) = arguments[6:11]
        self.lines = []
        self.references = {}

    def at(self, name):
        return os.path.join(self.folder, name)

    def score(self, model, epsilon, rows, fit, peak, ours):
        before = [self.program, "--quiet", "--json", "evaluate", "--real", self.train, "--synthetic", rows]
        after = ["--holdout", self.test, "--target", self.target, "--out", rows + ".html"]
        answer = subprocess.run(before + after, stdout=subprocess.PIPE, check=True)
        scores = {score["id"]: score for score in json.loads(answer.stdout)["scores"]}
        values = {}
        for _, name, _ in SCORES:
            if name in scores:
                values[name] = float(scores[name]["value"])
                for reference, value in scores[name].get("references", []):
                    self.references.setdefault(reference, {})[name] = float(value)
        self.lines.append((model, epsilon, fit, peak, values, ours))

    def peer(self, model, epsilon, command, name):
        """Runs a peer unless its rows are there, and scores them."""
        rows, figures = self.at(name + ".csv"), self.at(name + ".json")
        if not (os.path.exists(rows) and os.path.exists(figures)):
            threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": self.scripts, "PYTHONDONTWRITEBYTECODE": "1"}
            if measured(command, env={**os.environ, **threads}) is None:
                return
        with open(figures) as file:
            figures = json.load(file)
        peak = figures.get("peak_mib", figures.get("peak_rss_mib"))
        self.score(model, epsilon, rows, figures["fit_cpu_s"], peak, False)

    def peers(self):
        if self.gan_vae:
            for model in ("ctgan", "tvae"):
                script = os.path.join(HERE, "gan_vae.py")
                command = [self.gan_vae, script, self.train, model, self.epochs, self.at(model)]
                for epoch in sorted({int(epoch) for epoch in self.epochs.split(",")}):
                    self.peer(f"{model}, {epoch} epochs", None, command, f"{model}.{epoch}")
        if self.synthcity:
            files = [self.at(f"ddpm.{self.steps}.csv"), self.at(f"ddpm.{self.steps}.json")]
            script = os.path.join(HERE, "diffusion.py")
            command = [self.synthcity, script, self.train, self.steps, "3", "256", *files]
            self.peer(f"ddpm, {self.steps} steps", None, command, f"ddpm.{self.steps}")
        if self.smartnoise:
            for epsilon in ("1", "3"):
                for model in ("patectgan", "dpctgan"):
                    name = f"{model}_{epsilon}"
                    script = os.path.join(self.scripts, "gen_smartnoise.py")
                    files = [self.at(name + ".csv"), self.at(name + ".json")]
                    command = [self.smartnoise, script, self.train, model, epsilon, *files, "bins=16"]
                    self.peer(model, epsilon, command, name)

    def ours(self):
        listed = subprocess.run([self.program, "models", "--json"], stdout=subprocess.PIPE, check=True).stdout
        wanted = {"trees"} | {model for _, model in PAIRS}
        columns = self.at("columns.toml")
        declaration(self.train, columns)
        for card in json.loads(listed):
            if card["learns"] != "tables" or card["model"] not in wanted:
                continue
            private = ["1", "3"] if card["privacy"] else []
            for epsilon in [None, *private]:
                self.fit(card["model"], epsilon, columns)

    def fit(self, model, epsilon, columns):
        name = f"ours.{model}" + (f"_{epsilon}" if epsilon else "")
        place, rows, figures = self.at(name), self.at(name + ".csv"), self.at(name + ".figures")
        if not (os.path.exists(rows) and os.path.exists(figures)):
            subprocess.run(["rm", "-rf", place, rows], check=True)
            command = [self.program, "--quiet", "fit", self.train, "--out", place, "--model", model]
            if epsilon:
                # A ledger of its own, thrown away: these figures are no release.
                ledger = self.at("ledger." + name)
                subprocess.run(["rm", "-rf", ledger], check=True)
                budget = ["--epsilon", epsilon, "--delta", DELTA, "--ledger", ledger]
                subprocess.run([self.program, "--quiet", "privacy", "register", "peers", *budget], check=True, stdout=subprocess.DEVNULL)
                command += ["--columns", columns, "--account", "peers", *budget]
            found = measured(command, stdout=subprocess.DEVNULL)
            if found is None:
                return
            sample = [self.program, "--quiet", "sample", place, "--out", rows, "--seed", "2"]
            subprocess.run(sample, check=True, stdout=subprocess.DEVNULL)
            with open(figures, "w") as file:
                json.dump(found, file)
        with open(figures) as file:
            fit, peak = json.load(file)
        self.score(model, epsilon, rows, fit, peak, True)

    def table(self):
        def cells(values):
            return [f"{values[name]:.{places}f}" if name in values else "" for _, name, places in SCORES]

        heads = ["model", "epsilon", "fit CPU-s", "MiB", *[head for head, _, _ in SCORES]]
        rows = [[name, "", "", "", *cells(values)] for name, values in self.references.items()]
        for model, epsilon, fit, peak, values, ours in self.lines:
            rows.append([("daotwin " if ours else "") + model, epsilon or "", f"{fit:.2f}", str(peak), *cells(values)])
        widths = [max(len(row[place]) for row in [heads, *rows]) for place in range(len(heads))]
        for row in [heads, ["-" * width for width in widths], *rows]:
            say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        say("")
        three = "table.fidelity.marginals3"
        for peer, epsilon, fit, _, values, ours in self.lines:
            if ours:
                continue
            for model, same, own_fit, _, own, mine in self.lines:
                if mine and same == epsilon and (peer.split(",")[0], model) in PAIRS:
                    say(
                        f"{peer}{' at epsilon ' + epsilon if epsilon else ''} against {model}: "
                        f"{fit / max(own_fit, 0.01):.1f} times the CPU-seconds, {values[three] / own[three]:.2f} times the 3-way distance, "
                        f"TSTR {values['table.utility.auc']:.3f} against {own['table.utility.auc']:.3f}"
                    )


def main():
    bench = Bench(sys.argv[1:])
    os.makedirs(bench.folder, exist_ok=True)
    bench.peers()
    bench.ours()
    bench.table()


main()
