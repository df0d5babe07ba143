"""TabDDPM of the `synthcity` package, with the settings that TabDDPM's authors chose for Adult as far as it has them:
batches of 4,096, 100 time steps, rate 0.002; their layers are 256, 1024, 1024, 1024, 1024, 256, here all are equal.

usage: diffusion.py TRAIN.csv STEPS LAYERS UNITS OUT.csv OUT.json
STEPS are gradient steps; OUT.csv may be `-`: then nothing is sampled. The JSON gives CPU-seconds a step, and what the
authors' 30,000 steps would take. Rows outside the training data's ranges are kept (`strict`): by default the package
throws them away and samples on, for hours where the fit is short.
"""

import json
import resource
import sys
import time

import pandas


def main():
    train, steps, layers, units, out, result = sys.argv[1:7]
    data = pandas.read_csv(train)
    from synthcity.plugins import Plugins
    from synthcity.plugins.core.dataloader import GenericDataLoader

    batch = min(4096, len(data))
    an_epoch = -(-len(data) // batch)
    epochs = max(1, round(int(steps) / an_epoch))
    model = Plugins().get(
        "ddpm",
        random_state=0,
        strict=False,
        n_iter=epochs,
        batch_size=batch,
        num_timesteps=100,
        lr=0.002,
        model_params={"n_layers_hidden": int(layers), "n_units_hidden": int(units), "dropout": 0.0},
    )
    loader = GenericDataLoader(data)
    before = time.process_time()
    model.fit(loader)
    fit = time.process_time() - before
    done = epochs * an_epoch
    figures = {
        "model": "ddpm",
        "steps": done,
        "layers": int(layers),
        "units": int(units),
        "fit_cpu_s": round(fit, 2),
        "cpu_s_a_step": round(fit / done, 4),
        "fit_cpu_s_of_30000_steps": round(fit / done * 30000),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(figures), flush=True)
    if out != "-":
        before = time.process_time()
        rows = model.generate(count=len(data)).dataframe()
        figures["sample_cpu_s"] = round(time.process_time() - before, 2)
        rows.to_csv(out, index=False)
    with open(result, "w") as file:
        json.dump(figures, file)


main()
