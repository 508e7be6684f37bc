"""Teachers fine-tuned on real data, and what is left of them in Micro, Nano and Pico: accuracy, size, latency, time.

Everything goes through edgelm's own commands. What is there already under .cache/bench/compress is not made again, so
the steps can be run one by one and an interrupted one goes on, such as
python benchmarks/compress.py sst2 --steps teacher students. The tables go to benchmarks/COMPRESSION.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from _environments import CACHE
from _record import RESULTS, Table, save
from results import section

DATA = Path(os.environ.get("EDGELM_DATA", "../shared/data"))
WORK = CACHE / "compress"
EDGELM = (sys.executable, "-m", "edgelm")
RANDOM_EPOCHS = {"micro": 3.0, "nano": 6.0}
"""A student from random weights sees the rows as often as the pruned one did on its whole way."""


@dataclass(frozen=True)
class Experiment:
    """A teacher's data and training, and what is made of it."""

    task: str
    train: str
    dev: str
    model: str = "all-MiniLM-L6-v2"
    finetune: Mapping[str, str] = field(default_factory=dict)
    """Options of `edgelm finetune`; empty: the model is the teacher as it is."""
    recipes: tuple[str, ...] = ("micro", "nano", "pico")
    unlabelled: tuple[str, ...] = ()


_SHORT = {"--epochs": "3", "--learning-rate": "8e-5", "--batch-size": "64", "--ema": "0.999"}
EXPERIMENTS: Mapping[str, Experiment] = {
    "sst2": Experiment("text-classification", "sst2/train.tsv.gz", "sst2/dev.tsv", finetune=_SHORT),
    "rte": Experiment(
        "text-classification",
        "rte/train.tsv",
        "rte/dev.tsv",
        finetune={"--epochs": "6", "--learning-rate": "5e-5", "--batch-size": "32", "--ema": "0.99"},
        recipes=("nano",),
    ),
    "stsb": Experiment(
        "sentence-similarity",
        "stsb/train.tsv",
        "stsb/dev.tsv",
        recipes=("nano",),
        unlabelled=("rte/train.tsv",),
    ),
    "wnut17": Experiment(
        "token-classification",
        "wnut17/wnut17train.conll",
        "wnut17/emerging.dev.conll",
        finetune={"--epochs": "6", "--learning-rate": "1e-4", "--batch-size": "32", "--ema": "0.99"},
        recipes=("nano",),
    ),
    "tnews": Experiment(
        "text-classification",
        "tnews/train.tsv.gz",
        "tnews/dev.tsv",
        model="chinese",
        finetune={"--epochs": "3", "--learning-rate": "5e-4", "--batch-size": "64", "--ema": "0.999"},
        recipes=("nano",),
    ),
    "cluener": Experiment(
        "token-classification",
        "cluener2020/train.json.gz",
        "cluener2020/dev.json",
        model="tnews",
        finetune={"--epochs": "8", "--learning-rate": "2e-4", "--batch-size": "32", "--ema": "0.99"},
        recipes=("nano",),
    ),
}
_NAME = "compress"
PAGE = Path(__file__).with_name("COMPRESSION.md")
_HEAD = """# Compression on real data

Written by `benchmarks/compress.py` (`make bench-compress`). Metrics are on the development file named, which is
also what the best state of a training was chosen on, for teacher and students alike. Times are wall times of passes.
"""
_RECORDS = ("compression.json", "training.json", ".time.json")
STEPS = ("teacher", "students", "random", "separate", "free", "small", "latency")


def main() -> None:
    """Run the steps that are asked for, and write down everything there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiments", nargs="*", default=list(EXPERIMENTS), help=", ".join(EXPERIMENTS))
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=STEPS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the students")
    parser.add_argument("--threads", default="2")
    arguments = parser.parse_args()
    for name in arguments.experiments:
        for step in arguments.steps:
            for seed in arguments.seeds if step in ("students", "random") else arguments.seeds[:1]:
                _STEPS[step](name, seed, arguments.threads)
    report()


# -- the steps ---------------------------------------------------------------------------------------------------------


def teacher_of(name: str) -> Path | str:
    """The teacher's folder, or the built-in model where that is the teacher itself."""
    experiment = EXPERIMENTS[name]
    return WORK / name / "teacher" if experiment.finetune else experiment.model


def teacher(name: str, seed: int, threads: str) -> None:
    """`edgelm finetune`."""
    experiment, folder = EXPERIMENTS[name], teacher_of(name)
    if not isinstance(folder, Path) or folder.exists():
        return
    model: Path | str = experiment.model
    if model == "chinese":
        model = chinese_start()
    elif model in EXPERIMENTS:
        model = teacher_of(str(model))
    options = [word for pair in experiment.finetune.items() for word in pair]
    fresh = ["--new-head"] if isinstance(model, Path) else []
    data = ["--train", DATA / experiment.train, "--eval", DATA / experiment.dev]
    more = ["--task", experiment.task, *fresh, *options, "--seed", seed, "--threads", threads, "--resume", "-o", folder]
    edgelm("finetune", model, *data, *more)


def students(name: str, seed: int, threads: str) -> None:
    """All students of one run."""
    compress(name, WORK / name / f"students-{seed}", EXPERIMENTS[name].recipes, seed, threads)


def separate(name: str, seed: int, threads: str) -> None:
    """Each student in a run of its own, for the time that sharing saves."""
    if len(EXPERIMENTS[name].recipes) > 1:
        for recipe in EXPERIMENTS[name].recipes:
            compress(name, WORK / name / f"separate-{seed}" / recipe, (recipe,), seed, threads)


def random(name: str, seed: int, threads: str) -> None:
    """Nano's shape from random weights, distilled as often as the pruned Nano was on its way (TinyBERT without GD)."""
    folder, shaped = WORK / name / f"random-{seed}", WORK / name / f"students-{seed}"
    like = shaped / "nano" if (shaped / "nano").exists() else shaped
    if folder.exists() or not (like / "config.json").exists() or "nano" not in EXPERIMENTS[name].recipes:
        return
    start = WORK / name / f"random-{seed}-start"
    if not start.exists():
        randomised(like, start, seed)
    recipe = WORK / name / "random.toml"
    settings = (
        f'kind = "distill"\nepochs = {RANDOM_EPOCHS["nano"]}\nbatch_size = 64\nlearning_rate = 2e-4\nema = 0.999\n'
    )
    recipe.write_text(f'name = "random"\n[[pass]]\n{settings}', "utf-8")
    compress(name, folder, (str(recipe),), seed, threads, model=start, more=["--teacher", teacher_of(name)])


def free(name: str, seed: int, threads: str) -> None:
    """Training-free pruning to 60 % of the FLOPs."""
    compress(name, WORK / name / "training-free", ("training-free",), seed, threads)


def small(name: str, seed: int, threads: str) -> None:
    """The students again with a vocabulary of their texts, and all but the narrowest with a factorised embedding."""
    if name != "sst2":
        return
    for student, model in students_of(name, seed).items():
        recipe = WORK / name / f"small-{student}.toml"
        factors = "" if student == "pico" else _FACTORS
        recipe.write_text(f'name = "small-{student}"\n[[pass]]\nkind = "vocab"\n{factors}', "utf-8")
        compress(name, WORK / name / f"small-{student}", (str(recipe),), seed, threads, model=model)


_FACTORS = """[[pass]]
kind = "embedding"
rank = 128
[[pass]]
kind = "distill"
epochs = 2.0
batch_size = 64
learning_rate = 2e-4
"""


def latency(name: str, seed: int, threads: str) -> None:
    """Teacher and students exported in fp32 and int8 with their metric, then timed side by side."""
    models: dict[str, Path | str] = {"teacher": teacher_of(name)}
    models |= {recipe: students_of(name, seed)[recipe] for recipe in students_of(name, seed)}
    models |= {folder.name: folder for folder in sorted((WORK / name).glob("small-*/"))}
    for target in ("tflite", "onnx"):
        bundles = []
        for precision in ("fp32", "int8"):
            for label, model in models.items():
                bundle = WORK / name / "bundles" / target / f"{label}-{precision}"
                if not (bundle / target).exists():
                    arguments = ["--target", target, "--precision", precision, "-o", bundle]
                    edgelm("export", model, "--eval", DATA / EXPERIMENTS[name].dev, *arguments)
                bundles.append(bundle / target)
        out = WORK / name / f"bench-{target}"
        shutil.rmtree(out, ignore_errors=True)
        edgelm("bench", *bundles, "--lengths", "16,64,128", "--threads", threads, "--seconds", "1", "-o", out)


_STEPS: Mapping[str, Callable[[str, int, str], None]] = {
    "teacher": teacher,
    "students": students,
    "random": random,
    "separate": separate,
    "free": free,
    "small": small,
    "latency": latency,
}


def compress(
    name: str,
    folder: Path,
    recipes: Sequence[str],
    seed: int,
    threads: str,
    model: Path | str | None = None,
    more: Sequence[Any] = (),
) -> None:
    """`edgelm compress`, with its wall time beside the folder."""
    if folder.exists():
        return
    experiment = EXPERIMENTS[name]
    data: list[Any] = ["--train", DATA / experiment.train, "--eval", DATA / experiment.dev]
    data += [word for path in experiment.unlabelled for word in ("--unlabelled", DATA / path)]
    wanted = [word for recipe in recipes for word in ("--recipe", recipe)]
    options = ["--seed", seed, "--threads", threads, "--resume", "-o", folder]
    started = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    edgelm("compress", model or teacher_of(name), *wanted, *data, *options, *more)
    took = {"seconds": time.monotonic() - started, "recipes": list(recipes)}
    folder.with_name(f"{folder.name}.time.json").write_text(json.dumps(took), "utf-8")


def edgelm(*arguments: Any) -> None:
    """One command, shown; its failure ends the benchmark."""
    words = [str(word) for word in arguments]
    print("edgelm", *words, flush=True)
    subprocess.run([*EDGELM, *words], check=True)


def randomised(like: Path, folder: Path, seed: int) -> None:
    """A folder of a student's shape and tokenizer, its weights drawn anew."""
    import torch
    import transformers

    from edgelm import nn

    torch.manual_seed(seed)
    config = transformers.AutoConfig.from_pretrained(like)
    model = transformers.AutoModelForSequenceClassification.from_config(config)
    nn.save(model, like, folder)


def chinese_start(layers: int = 6, size: int = 384) -> Path:
    """An encoder of random weights with bert-base-chinese's vocabulary, for no Chinese weights are at hand."""
    folder = WORK / f"chinese-{layers}L-{size}"
    if not folder.exists():
        import torch
        import transformers

        torch.manual_seed(0)
        config = transformers.BertConfig(
            vocab_size=21128,
            hidden_size=size,
            num_hidden_layers=layers,
            num_attention_heads=size // 32,
            intermediate_size=4 * size,
        )
        partial = folder.with_suffix(".partial")
        transformers.BertModel(config, add_pooling_layer=True).save_pretrained(partial)
        shutil.copyfile(DATA / "vocab" / "bert-base-chinese.vocab.txt", partial / "vocab.txt")
        settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
        (partial / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
        partial.rename(folder)
    return folder


# -- what came of it ---------------------------------------------------------------------------------------------------


def students_of(name: str, seed: int) -> dict[str, Path]:
    """The students of one run by recipe."""
    folder = WORK / name / f"students-{seed}"
    recipes = EXPERIMENTS[name].recipes
    found = {recipe: folder / recipe if len(recipes) > 1 else folder for recipe in recipes}
    return {recipe: path for recipe, path in found.items() if (path / "compression.json").exists()}


def report() -> None:
    """Every table there are figures for."""
    tables = [table for name in EXPERIMENTS for table in (accuracy_table(name), latency_table(name)) if table.rows]
    versions = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
    kept = [path for path in sorted(WORK.rglob("*.json")) if path.name.endswith(_RECORDS)]
    raw = {str(path.relative_to(WORK)): json.loads(path.read_text("utf-8")) for path in kept}
    save(_NAME, tables, versions, raw)
    content = json.loads((RESULTS / f"{_NAME}.json").read_text("utf-8"))
    PAGE.write_text(f"{_HEAD}\n{section(content)}", "utf-8")


def accuracy_table(name: str) -> Table:
    """The metric of every student, over its seeds, beside the teacher's."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for folder in sorted((WORK / name).glob("students-*")):
        for path in sorted(folder.rglob("compression.json")):
            record = json.loads(path.read_text("utf-8"))
            groups.setdefault(record["recipe"]["name"], []).append(record)
    for pattern in ("random-?", "training-free", "small-*"):
        for path in sorted((WORK / name).glob(f"{pattern}/compression.json")):
            label = "Nano from random weights" if pattern == "random-?" else path.parent.name
            groups.setdefault(label, []).append(json.loads(path.read_text("utf-8")))
    rows = []
    for label, records in groups.items():
        last = [record["passes"][-1] for record in records]
        of_teacher = records[0]["teacher"]
        if not rows:
            rows.append(["teacher", *_sizes(of_teacher["sizes"]), _number(of_teacher["metric"]), "", ""])
        scores = [one["after"] for one in last]
        base = of_teacher["metric"]
        seconds = [sum(step["seconds"] for step in record["passes"]) for record in records]
        spread = f" ± {statistics.stdev(scores):.4f} ({len(scores)} seeds)" if len(scores) > 1 else ""
        score = f"{statistics.mean(scores):.4f}{spread}"
        row = [label, *_sizes(last[0]["sizes"]), score, f"{100 * statistics.mean(scores) / base:.1f} %"]
        rows.append([*row, f"{statistics.mean(seconds) / 60:.1f} min"])
    metric = next((r["passes"][-1]["metric"] for rs in groups.values() for r in rs), "metric")
    return Table(
        f"{name}: {metric} on {EXPERIMENTS[name].dev}",
        ("model", "parameters", "encoder", "of teacher's encoder", "int8 MB", metric, "retained", "time"),
        _with_share(rows),
        _shared_time(name),
    )


def _sizes(sizes: Mapping[str, Any]) -> list[str]:
    return [f"{sizes['parameters'] / 1e6:.2f} M", f"{sizes['encoder']}", f"{sizes['bytes_int8'] / 1e6:.1f}"]


def _with_share(rows: list[list[str]]) -> list[list[str]]:
    """The encoder's parameters also as a share of the teacher's."""
    found = []
    for row in rows:
        encoder = int(row[2])
        share = f"{100 * encoder / int(rows[0][2]):.1f} %"
        found.append([*row[:2], f"{encoder / 1e6:.2f} M", share, *row[3:]])
    return found


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _shared_time(name: str) -> tuple[str, ...]:
    """All students of one run against as many runs."""
    together = WORK / name / "students-0.time.json"
    alone = sorted((WORK / name / "separate-0").glob("*.time.json"))
    if not together.exists() or len(alone) < len(EXPERIMENTS[name].recipes):
        return ()
    one, *several = (json.loads(path.read_text("utf-8"))["seconds"] for path in (together, *alone))
    share = one / sum(several)
    return (f"All students in one run: {one / 60:.1f} min; in separate runs {sum(several) / 60:.1f} min: {share:.2f}.",)


def latency_table(name: str) -> Table:
    """What each bundle costs beside the fp32 teacher, on each runtime."""
    rows = []
    for target in ("tflite", "onnx"):
        path = WORK / name / f"bench-{target}" / "bench.json"
        if path.exists():
            rows += _bench_rows(target, json.loads(path.read_text("utf-8")))
    columns = ("runtime", "model", "precision", "MB shipped", "metric", "p50 ms at 16", "64", "128", "speed-up at 64")
    return Table(f"{name}: exported bundles, in turns in one run", columns, rows)


def _bench_rows(target: str, content: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for bundle in content["bundles"]:
        place = Path(bundle["bundle"])
        checks = json.loads((place / "report.json").read_text("utf-8"))["checks"]
        metric = next(check["value"] for check in checks if check["name"].endswith("of the artifact"))
        times = {one["tokens"]: one for one in bundle["times"] if one["what"] == "model"}
        label = place.parent.name.rpartition("-")[0]
        cells = [f"{times[tokens]['p50_ms']:.2f}" for tokens in (16, 64, 128)]
        ratio = times[64]["ratio_to_first"]
        gain = "1" if not ratio else f"{1 / ratio['value']:.1f} ({1 / ratio['high']:.1f} to {1 / ratio['low']:.1f})"
        rows.append([target, label, bundle["precision"], f"{bundle['size_mb']:.1f}", f"{metric:.4f}", *cells, gain])
    return rows


if __name__ == "__main__":
    main()
