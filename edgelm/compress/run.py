"""A compression from beginning to end: recipes in, students with their record out; resumable after a kill."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch
from accelerate import PartialState

import edgelm
from edgelm import machine
from edgelm.checkpoint import open_checkpoint
from edgelm.compress import lineage, sizes, stages
from edgelm.compress.budgets import Costs
from edgelm.compress.distill import Origin
from edgelm.compress.lineage import Compression, DataFile, PassRecord, RecipeRecord, log_line
from edgelm.compress.material import Material
from edgelm.compress.outputs import Task
from edgelm.compress.passes import Pass, digest
from edgelm.compress.plan import effective
from edgelm.compress.recipe import Recipe
from edgelm.compress.schedule import Precision
from edgelm.compress.stage import Shop, Stage
from edgelm.compress.train import Progress
from edgelm.datasets import Example, read_examples, read_texts
from edgelm.errors import UsageError
from edgelm.families import Model
from edgelm.nn.folder import canonical_config
from edgelm.tokenizer import TextTokenizer

_STAGE = "stage.json"
_RECORD = "record.json"
_LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "safetensors")


@dataclass(frozen=True)
class CompressRequest:
    """What `edgelm compress` was asked for."""

    model: str
    recipes: tuple[Recipe, ...]
    train: Path | None = None
    evaluation: Path | None = None
    unlabelled: tuple[Path, ...] = ()
    output: Path = Path("student")
    task: str = "auto"
    teacher: str | None = None
    """Another model than the one that is compressed; it must have the same tokenizer."""
    resume: bool = False
    target: str | None = None
    max_drop: float | None = None
    max_length: int | None = None
    seed: int | None = None
    threads: int | None = None
    precision: Precision = "auto"
    command: str = ""


@dataclass(frozen=True)
class Student:
    """A student's folder, and the record in it."""

    folder: Path
    record: Compression
    failure: str = ""
    """How it misses ``max_drop``; it is in ``<folder>.rejected`` then."""


def compress(
    request: CompressRequest, say: Callable[[str], None], progress: Callable[[Progress], None]
) -> list[Student]:
    """A student for every recipe, in its folder; the passes that several recipes begin with are done once.

    ``say`` gets a line for every pass, ``progress`` every training's. What is half done lies beside the output, in
    ``<output>.passes``, until all students are there; with ``resume`` it is gone on from. A student that loses more
    than ``max_drop`` has a ``failure``, and is where no good one would be.
    """
    if request.threads:
        torch.set_num_threads(request.threads)
    return _Compression(request, say, progress).go()


class _Compression:
    """One run."""

    def __init__(
        self, request: CompressRequest, say: Callable[[str], None], progress: Callable[[Progress], None]
    ) -> None:
        self.request, self.say, self.progress = request, say, progress
        self.processes = PartialState()
        self.model = Model.open(open_checkpoint(request.model))
        self.task = _task(self.model, request.task)
        self.teacher = open_checkpoint(request.teacher or request.model)
        if request.teacher:
            _check_teacher(self.model, Model.open(self.teacher), self.task)
        self.work = request.output.with_name(f"{request.output.name}.passes")
        self.train, self.unlabelled, self.evaluation = self._read()
        self.data = self._data()

    def go(self) -> list[Student]:
        """All students; the work folder goes when they are there."""
        folders = {recipe.name: self._folder(recipe) for recipe in self.request.recipes}
        for folder in folders.values():
            if folder.exists() and not (folder / lineage.FILE).is_file():
                raise UsageError(f"{folder} exists and is no student; it is left alone.", hint="Give another --output.")
        if self.work.exists() and not self.request.resume and self._is_main:
            raise UsageError(
                f"{self.work} holds the passes of an unfinished run.",
                hint="Go on with --resume, or delete that folder to start from the beginning.",
            )
        self._make(self.work)
        students = [self._student(recipe, folders[recipe.name]) for recipe in self.request.recipes]
        self.processes.wait_for_everyone()
        if self._is_main:
            shutil.rmtree(self.work, ignore_errors=True)
        return students

    # -- one student ---------------------------------------------------------------------------------------------------

    def _student(self, recipe: Recipe, folder: Path) -> Student:
        seed = recipe.seed if self.request.seed is None else self.request.seed
        material = self._material(seed)
        stage = self._start()
        metric, score = material.metric(self.teacher.path)
        teacher_sizes = sizes.of_folder(self.teacher.path, self.task.name)
        teacher = lineage.Teacher(self.teacher.name, self.teacher.digest, teacher_sizes, score)
        records: list[PassRecord] = []
        for config in recipe.passes:
            stage, record = self._pass(config, stage, material, metric, score)
            records.append(record)
            score = record.after
            self.say(log_line(record))
        found = Compression(
            teacher=teacher,
            task=self.task.name,
            command=self.request.command,
            versions={"edgelm": edgelm.__version__, **{name: version(name) for name in _LIBRARIES}},
            seed=seed,
            data=self.data,
            recipe=RecipeRecord.of(recipe),
            passes=tuple(records),
            machine=machine.facts(),
            student_digest=open_checkpoint(str(stage.folder)).digest,
        )
        failure = self._failure(found)
        folder = folder.with_name(f"{folder.name}.rejected") if failure else folder
        if self._is_main:
            _put(stage.folder, folder, found)
        self.processes.wait_for_everyone()
        return Student(folder, found, failure)

    def _pass(
        self, config: Pass, stage: Stage, material: Material, metric: str, before: float | None
    ) -> tuple[Stage, PassRecord]:
        """Do a pass, or take what a former recipe or an interrupted run has of it."""
        source = open_checkpoint(str(stage.folder))
        todo = effective(config, Model.open(source).encoder)
        if todo is None:
            record = PassRecord.of(
                config,
                input_digest=source.digest,
                output_digest=source.digest,
                status="skipped",
                seconds=0.0,
                sizes=sizes.of_folder(stage.folder, self.task.name),
                metric=metric,
                before=before,
                after=before,
                note="the model has that size already",
            )
            return stage, record
        place = self.work / self._key(todo, stage, source.digest, material.seed)
        if (place / _RECORD).is_file():
            return Stage.load(place / _STAGE), replace(_read_record(place), status="reused")
        self._make(place)
        notes: list[str] = []
        started = time.monotonic()
        after = self._done(todo, stage, place, self._shop(material, notes))
        seconds = time.monotonic() - started
        _, value = material.metric(after.folder)
        record = PassRecord.of(
            todo,
            input_digest=source.digest,
            output_digest=open_checkpoint(str(after.folder)).digest,
            status="done",
            seconds=round(seconds, 2),
            sizes=sizes.of_folder(after.folder, self.task.name),
            metric=metric,
            before=before,
            after=value,
            note="; ".join(notes),
        )
        if self._is_main:
            after.save(place / _STAGE)
            _write_record(record, place)
        self.processes.wait_for_everyone()
        return after, record

    def _done(self, config: Pass, stage: Stage, place: Path, shop: Shop) -> Stage:
        """Training is all processes' work; a cut is the main one's, and the others read what it wrote."""
        if stages.is_trained(config):
            return stages.run(config, stage, place, shop)
        if self._is_main:
            stages.run(config, stage, place, shop).save(place / _STAGE)
        self.processes.wait_for_everyone()
        return Stage.load(place / _STAGE)

    # -- what there is -------------------------------------------------------------------------------------------------

    @property
    def _is_main(self) -> bool:
        return bool(self.processes.is_main_process)

    def _folder(self, recipe: Recipe) -> Path:
        return self.request.output if len(self.request.recipes) == 1 else self.request.output / recipe.name

    def _read(self) -> tuple[tuple[Example, ...], tuple[Example, ...], tuple[Example, ...]]:
        labels = self.task.labels
        name = self.task.name

        def labelled(path: Path | None) -> tuple[Example, ...]:
            return () if path is None else tuple(read_examples(path, name, labels))

        train = labelled(self.request.train) if name != "feature-extraction" else _texts(self.request.train)
        unlabelled = tuple(example for path in self.request.unlabelled for example in read_texts(path))
        return train, unlabelled, labelled(self.request.evaluation)

    def _data(self) -> tuple[DataFile, ...]:
        found = []
        if self.request.train:
            found.append(DataFile.of("train", self.request.train, len(self.train)))
        if self.request.evaluation:
            found.append(DataFile.of("eval", self.request.evaluation, len(self.evaluation)))
        return (*found, *(DataFile.of("unlabelled", path, len(read_texts(path))) for path in self.request.unlabelled))

    def _material(self, seed: int) -> Material:
        limit = min(self.model.encoder.max_length, self.request.max_length or self.model.encoder.max_length)
        own = self.model.modules.max_seq_length if self.model.modules else None
        return Material(self.task, self.train, self.unlabelled, self.evaluation, min(own or limit, limit), seed)

    def _start(self) -> Stage:
        """The model as it is given; where another teaches it, its states are spread evenly over the teacher's."""
        encoder = self.model.encoder
        origin = Origin.itself(len(encoder.layers), encoder.hidden_size)
        if self.request.teacher:
            theirs = Model.open(self.teacher).encoder
            origin = Origin.beside(len(encoder.layers), encoder.hidden_size, len(theirs.layers))
        return Stage(self.model.checkpoint.path, origin, self.teacher.path)

    def _shop(self, material: Material, notes: list[str]) -> Shop:
        def note(text: str) -> None:
            notes.append(text)
            self.say(f"  {text}")

        head = self.model.trained_head(self.model.resolve_task(self.task.name))
        say = self.say if self._is_main else _silent
        costs = Costs(self.request.target, head, self.request.threads or torch.get_num_threads(), say)
        progress = self.progress if self._is_main else _silent
        return Shop(material, costs, self.work / "teachers", self.request.precision, say, note, progress)

    def _key(self, config: Pass, stage: Stage, source: str, seed: int) -> str:
        """What the result of a pass depends on."""
        facts = {
            "pass": digest(config),
            "model": source,
            "teacher": open_checkpoint(str(stage.teacher)).digest,
            "task": self.task.name,
            "data": [(one.role, one.sha256) for one in self.data],
            "seed": seed,
            "request": [self.request.max_length, self.request.target, self.request.precision],
        }
        return f"{config.kind}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be made: {error}.", hint="Choose another --output.") from None
        self.processes.wait_for_everyone()

    def _failure(self, found: Compression) -> str:
        """In words, how a student loses more than it may; rounded, for 0.9 - 0.89 is more than 0.01 in binary."""
        limit = self.request.max_drop
        if limit is None or found.teacher.metric is None or found.score is None:
            return ""
        lost = round(found.teacher.metric - found.score, 12)
        told = f"{found.recipe.name} loses {lost:.4f} of {found.metric}, more than --max-drop {limit:g}"
        return "" if lost <= limit else told


def _silent(_: object) -> None:
    """Of processes that are not the main one."""


def _texts(path: Path | None) -> tuple[Example, ...]:
    return () if path is None else tuple(read_texts(path))


def _task(model: Model, asked: str) -> Task:
    name = model.resolve_task(asked)
    config = canonical_config(model, name)
    has_labels = name in ("text-classification", "token-classification")
    labels = tuple(str(config.id2label[i]) for i in range(config.num_labels)) if has_labels else ()
    return Task(name, labels, config.problem_type)


def _check_teacher(student: Model, teacher: Model, task: Task) -> None:
    """UsageError where a teacher cannot teach that student: other tokens, other outputs, or narrower."""
    tokenizers = [TextTokenizer.from_checkpoint(one.checkpoint.path, one.modules) for one in (student, teacher)]
    own, theirs = (one.tokenizer.get_vocab(with_added_tokens=True) for one in tokenizers)
    names = student.checkpoint.name, teacher.checkpoint.name
    if own != theirs:
        strange = next((token for token in own if theirs.get(token) != own[token]), next(iter(theirs)))
        raise UsageError(
            f"{names[0]} and its teacher {names[1]} share no tokenizer: {strange!r} is {own.get(strange)} in one and "
            f"{theirs.get(strange)} in the other.",
            hint="Distil from a teacher of the same vocabulary.",
        )
    if _task(teacher, task.name) != task:
        raise UsageError(f"The labels of {names[0]} are not those of its teacher {names[1]}.")
    if student.encoder.hidden_size > teacher.encoder.hidden_size:
        sizes_ = student.encoder.hidden_size, teacher.encoder.hidden_size
        raise UsageError(f"{names[0]} has a hidden size of {sizes_[0]}, more than the {sizes_[1]} of its teacher.")


def _put(source: Path, folder: Path, record: Compression) -> None:
    """The student in its place, whole or not at all."""
    beside = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        shutil.copytree(source, beside)
        lineage.write(record, beside)
        shutil.rmtree(folder, ignore_errors=True)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise UsageError(
            f"The student could not be written to {folder}: {error}.",
            hint="Make room and run the command again with --resume: the passes are done.",
        ) from None


def _write_record(record: PassRecord, place: Path) -> None:
    partial = place / f"{_RECORD}.partial"
    partial.write_text(json.dumps(lineage.pass_to_dict(record)), "utf-8")
    partial.replace(place / _RECORD)


def _read_record(place: Path) -> PassRecord:
    return lineage.pass_from_dict(json.loads((place / _RECORD).read_text("utf-8")))
