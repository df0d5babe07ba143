"""CTGAN or TVAE of the `ctgan` package, sampled at several epochs of one run.

usage: gan_vae.py TRAIN.csv ctgan|tvae EPOCH[,EPOCH...] OUT
writes OUT.EPOCH.csv and OUT.EPOCH.json (fit and sample CPU-seconds of this process and its workers, peak MiB)
"""

import json
import os
import resource
import sys
import time

import ctgan
import numpy
import pandas
import torch


def cpu():
    """CPU-seconds of this process and of the workers that joblib keeps alive."""
    total = time.process_time()
    ticks = os.sysconf("SC_CLK_TCK")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total += children.ru_utime + children.ru_stime
    me = os.getpid()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == me:
                total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def main():
    train, name, epochs, out = sys.argv[1:5]
    marks = sorted(int(epoch) for epoch in epochs.split(","))
    torch.manual_seed(0)
    numpy.random.seed(0)
    data = pandas.read_csv(train)
    labels = [column for column in data if data[column].dtype == object]
    base = ctgan.CTGAN if name == "ctgan" else ctgan.TVAE
    outside = [0.0]

    class Watched(base):
        """Both classes set `loss_values` at the end of each epoch."""

        @property
        def loss_values(self):
            return self.__dict__.get("losses")

        @loss_values.setter
        def loss_values(self, value):
            self.__dict__["losses"] = value
            done = 0 if value is None or len(value) == 0 else int(value["Epoch"].max()) + 1
            if done not in marks:
                return
            fit = cpu() - begin - outside[0]
            state, numbers = torch.get_rng_state(), numpy.random.get_state()
            before = cpu()
            sample = self.sample(len(data))
            sampling = cpu() - before
            sample.to_csv(f"{out}.{done}.csv", index=False)
            figures = {
                "model": name,
                "epochs": done,
                "rows": len(data),
                "fit_cpu_s": round(fit, 2),
                "sample_cpu_s": round(sampling, 2),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            }
            with open(f"{out}.{done}.json", "w") as file:
                json.dump(figures, file)
            print(json.dumps(figures), flush=True)
            if hasattr(self, "decoder"):
                self.decoder.train()
            torch.set_rng_state(state)
            numpy.random.set_state(numbers)
            outside[0] += cpu() - before

    begin = cpu()
    model = Watched(epochs=marks[-1], enable_gpu=False)
    model.fit(data, labels)


main()
