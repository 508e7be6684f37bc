"""Three trained models on every device kit: does each answer as Python does, and what does an app of them weigh?

A text classifier (Nano of SST-2), a Chinese tagger (CLUENER, trained here from random weights) and an English embedder
(Nano of all-MiniLM-L6-v2 on STS-B) are exported, float32 and int8, and asked the same texts of their development sets:
by Python, by each kit's driver with Python's runtime behind it, by the web demo in headless Chromium and by the page of
a finished APK there, whose tokenizer and decoding are the Kotlin kit's. The tables go to benchmarks/DEVICES.md.

    python benchmarks/compress.py sst2 stsb --steps teacher students --seeds 0      makes the two students first
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _environments import CACHE
from _quantized_models import attempt
from _record import RESULTS, Table, save
from compress import DATA, EDGELM, WORK, chinese_start, edgelm
from results import section

from conformance import kits
from conformance.browsers import ROOT, Browser, npm_modules
from conformance.driver import Driver
from edgelm.datasets import read_examples
from edgelm.session import Question, Session

PLACE = CACHE / "devices"
PAGE = Path(__file__).with_name("DEVICES.md")
_NAME = "devices"
_HEAD = """# Trained models on the device kits

Written by `benchmarks/devices.py` (`make bench-devices`). Chromium is headless, on a desktop CPU; the page of an APK is
its assets, served by the app's own Kotlin on the JVM to Chromium at a phone's size. No phone was used.
"""
Ask = Callable[[Mapping[str, Any]], Any]
"""A question's fields to its answer as JSON."""


@dataclass(frozen=True)
class Model:
    """A trained model: how to get its folder, what it is asked, and which fields of the demo's page take it."""

    task: str
    folder: Callable[[str], Path]
    dev: str
    fields: Mapping[str, str]
    """Of a question -> the label on the page."""


def _student(name: str, place: str) -> Callable[[str], Path]:
    def find(_: str) -> Path:
        folder = WORK / name / place
        if not folder.exists():
            sys.exit(
                f"{folder} is missing. Run: python benchmarks/compress.py {name} --steps teacher students --seeds 0"
            )
        return folder

    return find


def _tagger(threads: str) -> Path:
    """A small Chinese tagger, trained from random weights: it is here to be shipped, not to be good."""
    folder = PLACE / "cluener-3L-256"
    if not folder.exists():
        data = ["--train", DATA / "cluener2020/train.json.gz", "--eval", DATA / MODELS["entities"].dev]
        options = ["--task", "token-classification", "--new-head", "--epochs", 6, "--learning-rate", 5e-4]
        more = ["--batch-size", 32, "--ema", 0.99, "--seed", 0, "--threads", threads, "--resume", "-o", folder]
        edgelm("finetune", chinese_start(3, 256), *data, *options, *more)
    return folder


_TEXT = {"text": "Text"}
_PAIR = {"text": "Search for", "pair": "Sentences to search, one per line"}
MODELS: Mapping[str, Model] = {
    "reviews": Model("text-classification", _student("sst2", "students-0/nano"), "sst2/dev.tsv", _TEXT),
    "entities": Model("token-classification", _tagger, "cluener2020/dev.json", _TEXT),
    "similar": Model("sentence-similarity", _student("stsb", "students-0"), "stsb/dev.tsv", _PAIR),
}


def main() -> None:
    """Export what is missing, ask everything, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", nargs="+", default=["tflite", "onnx"])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "int8"])
    parser.add_argument("--texts", type=int, default=50, help="of each model's development set")
    parser.add_argument("--threads", default="2", help="of the tagger's training")
    arguments = parser.parse_args()
    bundles = dict(_exported(arguments))
    questions = {name: list(_questions(name, arguments.texts)) for name in MODELS}
    expected: dict[str, list[Any]] = {}
    sessions = {name: Session.open(folder, 1) for name, folder in bundles.items()}
    for name, session in sessions.items():
        expected[name] = [_as_json(session.answer(Question(**q))) for q in questions[_model_of(name)]]
    rows, sizes = [], []
    with ExitStack() as stack, tempfile.TemporaryDirectory() as work:
        routes = dict(_kits(stack, bundles, sessions))
        routes["the page in Chromium"] = stack.enter_context(_web(bundles, Path(work)))
        routes["the APK's page, Kotlin core"], sizes = stack.enter_context(_apk(bundles, Path(work)))
        for name in bundles:
            for route, opened in routes.items():
                ask = opened(name)
                found = [ask(question) for question in questions[_model_of(name)]]
                rows.append([name, route, *_compared(found, expected[name])])
                print(*rows[-1], flush=True)
    tables = [
        Table(
            "The same answers",
            ("bundle", "answered by", "texts", "same labels, spans, order", "largest difference of a score"),
            rows,
            ("Against Python's `Session.answer` over the same bundle. A kit's driver has Python's runtime behind it.",),
        ),
        _sizes_table(sizes),
        _quality_table(bundles),
    ]
    save(_NAME, tables, {}, rows)
    content = json.loads((RESULTS / f"{_NAME}.json").read_text("utf-8"))
    PAGE.write_text(f"{_HEAD}\n{section(content)}", "utf-8")


# -- bundles and questions ---------------------------------------------------------------------------------------------


def _exported(arguments: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """``MODEL-TARGET-PRECISION`` with its bundle, made where there is none; a program's end where one fails."""
    for name, model in MODELS.items():
        folder = model.folder(arguments.threads)
        for precision in arguments.precisions:
            out = PLACE / "bundles" / name / precision
            words = ["export", folder, *(word for target in arguments.targets for word in ("--target", target))]
            options = ["--precision", precision, "--max-length", 128, "--eval", DATA / model.dev, "-o", out]
            missing = not all((out / target / "edgelm.json").exists() for target in arguments.targets)
            if missing and (error := attempt(out, [*EDGELM, *map(str, [*words, *options])], "edgelm")):
                sys.exit(error)
            yield from ((f"{name}-{target}-{precision}", out / target) for target in arguments.targets)


def _questions(name: str, count: int) -> Iterator[dict[str, str]]:
    """The first examples of a development set that fit the bundles, as fields of a question."""
    model = MODELS[name]
    labels = json.loads((model.folder("1") / "config.json").read_text("utf-8")).get("id2label", {})
    examples = read_examples(DATA / model.dev, model.task, [labels[key] for key in sorted(labels, key=int)])
    for example in examples[:count]:
        yield {"text": example.text, **({"pair": example.pair} if example.pair else {})}


def _model_of(bundle: str) -> str:
    return bundle.split("-", maxsplit=1)[0]


def _as_json(answer: Any) -> Any:
    return json.loads(json.dumps(answer))


# -- who answers -------------------------------------------------------------------------------------------------------


def _kits(
    stack: ExitStack, bundles: Mapping[str, Path], sessions: Mapping[str, Session]
) -> Iterator[tuple[str, Callable[[str], Ask]]]:
    """The driver of every kit that is installed; Python's runtime runs its models."""
    for kit in kits.installed():
        driver = stack.enter_context(Driver(kit.command()))

        def opened(name: str, driver: Driver = driver) -> Ask:
            driver.ok("bundle", path=str(bundles[name]))
            return lambda question: driver.ok("answer", question=dict(question), runner=sessions[name].runner)

        yield kit.name, opened


@contextmanager
def _web(bundles: Mapping[str, Path], work: Path) -> Iterator[Callable[[str], Ask]]:
    """The web demo, built with all bundles, on its own server."""
    modules, dist = npm_modules(), work / "dist"
    places = [f"--bundle={name}={folder}" for name, folder in bundles.items()]
    build = ["node", ROOT / "web_demo/build.mjs", "--modules", modules, "--out", dist, *places]
    subprocess.run(list(map(str, build)), check=True, stdout=subprocess.DEVNULL)
    command = ["node", str(ROOT / "web_demo/serve.mjs"), str(dist), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    url = next(word for word in server.stdout.readline().split() if word.startswith("http"))
    browser = Browser(ROOT / "tests/web/browser.mjs", modules)

    def opened(name: str) -> Ask:
        browser.goto(url=f"{url}#{name}")
        browser.wait(script="performance.getEntriesByName('edgelm-ready').length > 0")
        return lambda question: _asked(browser, name, question, "click")

    try:
        yield opened
    finally:
        browser.close()
        server.terminate()
        server.wait(30)


@contextmanager
def _apk(bundles: Mapping[str, Path], work: Path) -> Iterator[tuple[Callable[[str], Ask], list[list[str]]]]:
    """The page of an APK with all bundles, and the size by part of an APK with each bundle alone."""
    apk, script = work / "all.apk", ROOT / "android_demo/build_apk.sh"
    build = [str(script), *(f"{name}={folder}" for name, folder in bundles.items()), str(apk)]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    sizes = []
    for name, folder in bundles.items():
        built = subprocess.run(
            [str(script), f"{name}={folder}", str(work / "one.apk")], check=True, capture_output=True
        )
        sizes.append([name, built.stdout.decode()])
    server = subprocess.Popen(
        [*_phone_server(work), str(apk)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin
    assert server.stdout
    address = f"http://127.0.0.1:{int(server.stdout.readline())}"
    browser = Browser(ROOT / "tests/android/phone.mjs", npm_modules(), address)

    def opened(name: str) -> Ask:
        browser.goto(bundle=name, core=True)
        is_open = f"document.querySelector('#bundle').value === {json.dumps(name)}"
        browser.wait(script=f"{is_open} && document.querySelector('#run').getAttribute('aria-disabled') === 'false'")
        return lambda question: _asked(browser, name, question, "tap")

    try:
        yield opened, sizes
    finally:
        browser.close()
        server.stdin.close()
        server.wait(30)


def _phone_server(work: Path) -> list[str]:
    """The command that answers for an APK by the app's own code."""
    classes = work / "classes"
    core = kits.named("kotlin").command()[3]
    sources = [ROOT / f"android_demo/webview/src/org/edgelm/web/{name}.kt" for name in ("Site", "Core")]
    sources.append(ROOT / "tests/android/server/Server.kt")
    compile_ = ["kotlinc", "-jvm-target", "1.8", "-cp", core, "-d", str(classes), *map(str, sources)]
    subprocess.run(compile_, check=True, stderr=subprocess.DEVNULL)
    return ["java", "-cp", f"{classes}:{core}", "org.edgelm.web.server.ServerKt"]


def _asked(browser: Browser, name: str, question: Mapping[str, str], press: str) -> Any:
    """The page's answer; of a search, the similarity of its one line."""
    labels = MODELS[_model_of(name)].fields
    answer = browser.answer({labels[key]: text for key, text in question.items()}, press=press)
    return {"similarity": answer[0]["score"]} if "pair" in labels else answer


# -- what came of it ---------------------------------------------------------------------------------------------------


def _compared(found: Sequence[Any], expected: Sequence[Any]) -> list[str]:
    """Texts, those with the same answer but for scores, and the largest difference of a score among these."""
    same = [(one, other) for one, other in zip(found, expected, strict=True) if _words(one) == _words(other)]
    apart = [abs(left - right) for one, other in same for left, right in zip(_scores(one), _scores(other), strict=True)]
    return [str(len(expected)), str(len(same)), f"{max(apart, default=0.0):.1e}"]


def _words(answer: Any) -> Any:
    """An answer without its scores."""
    if isinstance(answer, dict):
        return {key: _words(value) for key, value in answer.items() if not isinstance(value, float)}
    return [_words(item) for item in answer] if isinstance(answer, list) else answer


def _scores(answer: Any) -> list[float]:
    """All numbers of an answer with a fraction, in their order."""
    if isinstance(answer, float):
        return [answer]
    parts = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return [score for part in parts for score in _scores(part)]


_PARTS = ("code (dex)", "resources and manifest", "runtime (vendor)", "bundles", "page and JavaScript kit", "APK")


def _sizes_table(sizes: Sequence[Sequence[str]]) -> Table:
    """What `build_apk.sh` printed of each bundle alone."""
    rows = []
    for name, printed in sizes:
        lines = printed.splitlines()
        heading = next(i for i, line in enumerate(lines) if line.startswith("part "))
        parts = {line[:36].strip(): float(line.split()[-1]) / 1000 for line in lines[heading + 1 : -1]}
        rows.append([name, *(f"{parts.get(part, 0.0):.2f}" for part in _PARTS)])
    note = "MB inside an APK of that bundle alone, as `android_demo/build_apk.sh` prints them."
    return Table("Size of an APK by part", ("bundle", *_PARTS), rows, (note,))


def _quality_table(bundles: Mapping[str, Path]) -> Table:
    """Each bundle's own measure, from its report."""
    rows = []
    for name, folder in bundles.items():
        checks = json.loads((folder / "report.json").read_text("utf-8"))["checks"]
        found = next(check for check in checks if check["name"].endswith("of the artifact"))
        rows.append([name, found["name"], f"{found['value']:.4f}"])
    return Table("What the models are worth", ("bundle", "measure", "value"), rows)


if __name__ == "__main__":
    main()
