"""Recipes: TOML that reads back as written, names and sizes, and errors that show the corrected line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.compress.passes import (
    BUDGETS,
    LOSSES,
    PASSES,
    SIZES,
    Configuration,
    as_dict,
    from_dict,
    given_fields,
    specification,
    without_pruning,
)
from edgelm.compress.plan import check, effective, encoder_parameters, expected, steps
from edgelm.compress.recipe import (
    BUILTIN_RECIPES,
    Depth,
    Distill,
    Embedding,
    Pass,
    Qat,
    Recipe,
    RecipeError,
    Vocab,
    Width,
    digest,
    parse_recipe,
    read_recipe,
    recipe_digest,
    sized,
    to_toml,
)
from edgelm.errors import UsageError
from edgelm.graph.canonical import EncoderConfig, LayerConfig


def encoder(layers: int, hidden: int, heads: int, intermediate: int, **more: Any) -> EncoderConfig:
    shape: dict[str, Any] = {
        "vocab_size": 30522,
        "hidden_size": hidden,
        "embedding_size": hidden,
        "layers": (LayerConfig(heads, hidden // heads, intermediate),) * layers,
        "max_length": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
    }
    return EncoderConfig(**{**shape, **more})


MINILM = encoder(6, 384, 12, 1536)
BERT = encoder(12, 768, 12, 3072)

# -- passes ------------------------------------------------------------------------------------------------------------

POSITIVE = st.floats(1e-6, 1.0)
WEIGHT = st.floats(0, 10)
WIDTHS = st.one_of(
    st.builds(
        Width,
        hidden_size=st.integers(1, 4096),
        heads=st.none() | st.integers(1, 64),
        head_size=st.none() | st.integers(1, 64),
        intermediate_size=st.none() | st.integers(1, 9999),
    ),
    st.builds(Width, flops=POSITIVE, uneven=st.booleans(), reconstruct=st.booleans(), multiple=st.integers(1, 64)),
    st.builds(Width, parameters=st.integers(1, 10**9)),
    st.builds(Width, latency_ms=POSITIVE),
    st.builds(Width, density=POSITIVE),
)
DEPTHS = st.builds(Depth, layers=st.integers(1, 24), samples=st.integers(1, 9999))
ANY_PASS: st.SearchStrategy[Pass] = st.one_of(
    st.builds(
        Vocab, min_count=st.integers(1, 9), size=st.none() | st.integers(8, 99999), keep_characters=st.booleans()
    ),
    DEPTHS,
    WIDTHS,
    st.builds(Embedding, rank=st.integers(1, 999)),
    st.builds(
        Distill,
        epochs=st.floats(0.01, 100),
        learning_rate=POSITIVE,
        logits=st.floats(0.1, 5),
        attention=WEIGHT,
        augment=st.integers(0, 20),
        precision=st.sampled_from(["auto", "bf16", "fp32"]),
    ),
    st.builds(Distill, prune=WIDTHS | DEPTHS, prune_start=st.floats(0, 0.4), prune_end=st.floats(0.4, 1)),
    st.builds(Qat, ranges=st.sampled_from(["learned", "moving"]), outputs=st.sampled_from(["int8", "float32"])),
    st.builds(Qat, scheme=st.just("dynamic_wi8_afp32"), epochs=st.floats(0.01, 100), labels=WEIGHT),
)
NAMES = st.from_regex(re.compile(r"[a-zA-Z0-9][a-zA-Z0-9.-]{0,20}"), fullmatch=True)


@given(NAMES, st.text(), st.integers(0, 2**31), ANY_PASS)
def test_any_recipe_reads_back_from_its_own_toml(name: str, description: str, seed: int, step: Pass) -> None:
    recipe = Recipe(name, description, seed, (step,))
    again = parse_recipe(to_toml(recipe), "somewhere.toml")
    assert again == recipe
    assert recipe_digest(again) == recipe_digest(recipe)


@given(ANY_PASS)
def test_a_pass_is_its_own_digest_and_its_own_json(step: Pass) -> None:
    assert from_dict(as_dict(step)) == step
    assert digest(from_dict(as_dict(step))) == digest(step)
    assert digest(type(step)(**given_fields(step))) == digest(step), "a default is the same written or not"


def test_a_digest_is_of_every_field_and_of_nothing_else() -> None:
    first = Distill(prune=Width(flops=0.5))
    others = [
        replace(first, epochs=2.5),
        replace(first, prune=Width(flops=0.6)),
        replace(first, prune=Width(density=0.5)),
        replace(first, prune=None),
        Width(flops=0.5),
    ]
    assert len({digest(first), *(digest(other) for other in others)}) == 6
    assert digest(Distill(epochs=3)) == digest(Distill(epochs=3.0)), "a whole number is that float"
    recipe = Recipe("a", "x", 1, (first,))
    assert recipe_digest(recipe) == recipe_digest(replace(recipe, name="b", description="y"))
    assert recipe_digest(recipe) != recipe_digest(replace(recipe, seed=2))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Width(flops=0.5, density=0.2), "corrected: Width(flops=0.5)"),
        (lambda: Width(heads=2, flops=0.5), "corrected: Width(heads=2)"),
        (lambda: Width(uneven=False), "corrected: Width(flops=0.6, uneven=False)"),
        (lambda: Width(flops=1.5), "flops must be at most 1, not 1.5; corrected: Width(flops=1.0)"),
        (lambda: Depth(0), "layers must be at least 1, not 0; corrected: Depth(layers=1)"),
        (lambda: Depth("4"), 'layers is "4", not a whole number; corrected: Depth(layers=4)'),
        (lambda: Depth(True), "layers is true, not a whole number"),
        (lambda: Distill(learning_rate=float("nan")), "learning_rate must be finite"),
        (lambda: Distill(learning_rate=-1.0), "corrected: Distill(learning_rate=0.0001)"),
        (lambda: Distill(prune=Vocab()), "not a pass of kind width or depth; corrected: Distill()"),
        (lambda: Distill(logits=0, hidden=0), "every loss weighs 0"),
        (lambda: Distill(prune_steps=3), "there is no prune; corrected: Distill()"),
        (lambda: Distill(prune=Depth(2), prune_start=0.9), "prune_start 0.9 is after prune_end 0.3"),
        (lambda: Qat(logits=0, hidden=0), "every loss weighs 0"),
        (lambda: Qat(labels=1, augment=1), "augment have none; corrected: Qat(labels=0.0, augment=1)"),
        (lambda: Qat(teacher="assistant"), 'teacher is "assistant", not "original" or "itself"; corrected: Qat('),
        (
            lambda: Qat(scheme="dynamic_wi8_afp32", ranges="moving"),
            "ranges is of fixed ranges, and dynamic_wi8_afp32 has none; corrected: Qat(scheme='dynamic_wi8_afp32')",
        ),
        (lambda: Distill(teacher="self"), 'teacher is "self", not "original" or "assistant"'),
        (lambda: Vocab(size=7), "size must be at least 8"),
        (lambda: Embedding(1.5), "rank is 1.5, not a whole number; corrected: Embedding(rank=1)"),
    ],
)
def test_what_cannot_be_is_refused_with_the_call_that_can(make: Any, told: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(told)) as raised:
        make()
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("kind", PASSES.values())
def test_every_field_says_what_it_means_and_names_what_others_rely_on(kind: Any) -> None:
    assert [field.name for field in specification(kind)] == [field.name for field in fields(kind)]
    assert all(field.rule.help.endswith(".") for field in specification(kind))
    assert issubclass(kind, Configuration)


def test_losses_and_budgets_are_fields() -> None:
    assert {*LOSSES} <= {field.name for field in fields(Distill)} & {field.name for field in fields(Qat)}
    trained = Qat(epochs=3, labels=0.5, hidden=0, ema=0.9, teacher="itself").distillation
    assert trained == Distill(epochs=3, labels=0.5, hidden=0, ema=0.9, learning_rate=5e-5)
    assert {*SIZES, *BUDGETS} <= {field.name for field in fields(Width)}
    assert Distill(labels=0.5, hidden=0).losses == {"labels": 0.5, "logits": 1.0}
    assert Width(heads=2, hidden_size=8).sizes == {"hidden_size": 8, "heads": 2}
    assert (Width(heads=2).budget, Width(latency_ms=3).budget) == (None, "latency_ms")


# -- the recipes there are ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILTIN_RECIPES)
def test_a_built_in_recipe_reads_back_and_says_what_it_is(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert recipe.description.endswith(".")
    assert parse_recipe(to_toml(recipe), "x.toml") == recipe


def test_the_files_and_the_names_are_the_same() -> None:
    folder = Path(__file__).parents[2] / "edgelm" / "recipes"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(BUILTIN_RECIPES)


def test_smaller_sizes_begin_with_the_passes_of_larger_ones() -> None:
    micro, nano, pico = (read_recipe(name).passes for name in ("micro", "nano", "pico"))
    assert nano[: len(micro)] == micro
    assert pico[: len(nano)] == nano
    assert read_recipe("nano-int8").passes == (*nano, Qat(batch_size=64))
    assert len({digest(step) for step in nano}) == len(nano)


@pytest.mark.parametrize(
    ("name", "layers", "hidden", "attention", "intermediate"),
    [
        ("mini", 6, 384, (12, 32), 1536),
        ("micro", 4, 384, (12, 32), 1536),
        ("nano", 4, 312, (12, 26), 1200),
        ("4L-312", 4, 312, (12, 26), 1200),
        ("2L-256", 2, 256, (8, 32), 1024),
        ("8L-512", 8, 512, (8, 64), 2048),
    ],
)
def test_the_sizes_that_the_names_mean_for_a_large_teacher(
    name: str, layers: int, hidden: int, attention: tuple[int, int], intermediate: int
) -> None:
    shape = [*steps(read_recipe(name), BERT)][-1].shape
    assert (len(shape.layers), shape.hidden_size, shape.embedding_size) == (layers, hidden, hidden)
    assert set(shape.layers) == {LayerConfig(*attention, intermediate)}


def test_pico_is_about_a_twentieth_of_minilm() -> None:
    shape = [*steps(read_recipe("pico"), MINILM)][-1].shape
    assert (len(shape.layers), shape.hidden_size) == (3, 128)
    assert 0.03 < encoder_parameters(shape) / encoder_parameters(MINILM) < 0.07


def test_a_teacher_keeps_what_is_smaller_already() -> None:
    small = encoder(2, 128, 2, 512)
    recipe = read_recipe("nano")
    learned = [without_pruning(one) for one in recipe.passes if isinstance(one, Distill)]
    found = [*steps(recipe, small)]
    assert [step.effective for step in found] == [None, *learned]
    assert found[-1].shape == small, "two heads of 64 are less than twelve of 26"
    check(read_recipe("nano"), small)
    assert [step.effective is None for step in steps(read_recipe("mini"), MINILM)] == [True, False]
    mini = read_recipe("mini").passes[1]
    assert isinstance(mini, Distill)
    assert effective(mini, MINILM) == without_pruning(mini), "nothing to prune: only to distill"


def test_attention_that_is_no_wider_keeps_its_heads() -> None:
    """Heads of a smaller model may be larger: two of 64 are less than twelve of 26."""
    step = Width(hidden_size=100, heads=12, head_size=26, intermediate_size=400)
    small = encoder(2, 128, 2, 512)
    left = Width(hidden_size=100, intermediate_size=400)
    assert effective(step, small) == left
    assert effective(Distill(prune=step), small) == Distill(prune=left)
    assert expected(step, small) == expected(left, small)
    assert set(expected(step, small).layers) == {LayerConfig(2, 64, 400)}
    assert effective(step, MINILM) == step
    assert effective(Width(heads=12, head_size=26), small) is None
    uneven = replace(small, layers=(LayerConfig(2, 64, 512), LayerConfig(12, 64, 512)))
    assert effective(step, uneven) == step, "one layer is wider: all follow the sizes"


def test_a_size_is_generated() -> None:
    assert read_recipe("3L-200") == sized(3, 200)
    assert read_recipe("3L-200").name == "3L-200"
    for name in ("0L-312", "4L-0"):
        with pytest.raises(UsageError, match="is no size"):
            read_recipe(name)


def test_a_file_is_read_and_named_after_itself(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('\ufeff[[pass]]\nkind = "vocab"\n', "utf-8")
    assert read_recipe(tmp_path / "mine.toml") == Recipe("mine", passes=(Vocab(),))
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"bad\.toml could not be read"):
        read_recipe(tmp_path / "bad.toml")
    with pytest.raises(UsageError, match=r"There is no recipe nanno\. Did you mean nano\?"):
        read_recipe("nanno")
    with pytest.raises(UsageError, match=r"Give mini, .*, 4L-312, or a TOML file"):
        read_recipe(tmp_path)


# -- bad input ---------------------------------------------------------------------------------------------------------

PASS = '[[pass]]\nkind = "distill"\n'
BAD = {
    "an empty file": ("", 1, 'add [[pass]] and, below it, kind = "distill"'),
    "only a name": ('name = "x"\n', 1, 'add [[pass]] and, below it, kind = "distill"'),
    "an unknown key": (f"{PASS}\n\nlearning_rat = 1e-4\n", 5, "learning_rate = 0.0001"),
    "an unknown key at the top": (f"sed = 3\n{PASS}", 1, "seed = 3"),
    "an unknown key in a prune": (f"{PASS}[pass.prune]\nkind = 'width'\nhiden_size = 5", 5, "hidden_size = 5"),
    "a key that is like no other": (f"{PASS}zzz = 1", 3, "leave it out; [[pass]] distill takes epochs, least_steps"),
    "the second of two passes": (f"{PASS}\n[[pass]]\n# here\nkind = 'depth'\nlayrs = 4", 7, "layers = 4"),
    "a pass by another name": ('[[pas]]\nkind = "distill"', 1, "[[pass]]"),
    "one bracket": ('[pass]\nkind = "distill"', 1, "[[pass]]"),
    "an unknown kind": ('[[pass]]\nkind = "distil"', 2, 'kind = "distill"'),
    "a kind of no type": ("[[pass]]\nlayers = 4\nkind = 3", 3, 'kind = "depth"'),
    "no kind": ("name = 'x'\n\n[[pass]]\nlayers = 4", 3, 'add kind = "depth"'),
    "no layers": ('[[pass]]\nkind = "depth"', 2, "add layers = 4"),
    "a text for a number": (f'{PASS}epochs = "3"', 3, "epochs = 3.0"),
    "a float for a whole number": ('[[pass]]\nkind = "depth"\nlayers = 4.0', 3, "layers = 4"),
    "a number for a flag": ('[[pass]]\nkind = "vocab"\nkeep_characters = 1', 3, "keep_characters = true"),
    "a date": (f"{PASS}epochs = 2026-01-01", 3, "epochs = 2.0"),
    "a table for a number": (f"{PASS}[pass.epochs]\na = 1", 3, "take [pass.epochs] out"),
    "a text as the seed": (f'seed = "x"\n{PASS}', 1, "seed = 0"),
    "a name that is a path": (f'name = "../x"\n{PASS}', 1, 'name = "my-recipe"'),
    "two budgets": ('[[pass]]\nkind = "width"\ndensity = 0.2\nflops = 0.5', 3, "leave this line out"),
    "a size and a budget": ('[[pass]]\nkind = "width"\nflops = 0.5\nheads = 2', 3, "leave this line out"),
    "neither": ('[[pass]]\nkind = "width"', 2, "add flops = 0.6"),
    "out of range": ('[[pass]]\nkind = "width"\nflops = 60', 3, "flops = 1.0"),
    "pruning without a prune": (f"{PASS}prune_end = 0.5", 3, "leave this line out"),
    "pruning by a vocabulary": (f'{PASS}prune = {{ kind = "vocab" }}', 3, "leave this line out"),
    "a key twice": (f"{PASS}epochs = 1\nepochs = 2", 4, "leave this line out"),
    "an assistant that nobody trained": (f'{PASS}teacher = "assistant"', 3, 'teacher = "original"'),
    "growing again": ("[[pass]]\nkind='depth'\nlayers=4\n[[pass]]\nkind='depth'\nlayers=6", 6, "layers = 4"),
    "growing again in a prune": (
        f"[[pass]]\nkind='depth'\nlayers=4\n{PASS}prune = {{ kind='depth', layers=5 }}",
        6,
        "layers = 4",
    ),
    "a cut after a qat": (f"[[pass]]\nkind='qat'\n\n{PASS}", 5, "let one qat be the last [[pass]]"),
    "a second qat": ("[[pass]]\nkind='qat'\n[[pass]]\nkind='qat'", 4, "let one qat be the last [[pass]]"),
    "a qat of no fixed ranges": (
        "[[pass]]\nkind='qat'\nscheme='dynamic_wi8_afp32'\nranges='moving'",
        4,
        "leave this line out",
    ),
    "no quotes": ("[[pass]]\nkind = distill", 2, 'kind = "distill"'),
    "Python's True": ("[[pass]]\nkind = 'vocab'\nkeep_characters = True", 3, "keep_characters = true"),
    "a colon": ("[[pass]]\nkind: 'vocab'", 2, 'kind = "vocab"'),
    "a bracket too few": ("[[pass]\nkind = 'vocab'", 1, "[[pass]]"),
    "an open quote": ("[[pass]]\nkind = 'vocab", 2, 'kind = "vocab"'),
}


@pytest.mark.parametrize(("text", "line", "corrected"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_with_its_line_and_the_corrected_one(text: str, line: int, corrected: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_recipe(text, "recipe.toml")
    message = str(raised.value)
    assert message.startswith(f"recipe.toml:{line}: ")
    assert f"; corrected: {corrected}" in message
    assert "\n" not in message


def test_the_corrected_line_is_a_right_one() -> None:
    """Whatever replaces the line stands the test it was corrected for."""
    for text, number, corrected in BAD.values():
        if " = " not in corrected or corrected.startswith(("add ", "leave ", "take ")) or "{" in text:
            continue
        lines = text.splitlines()
        lines[number - 1] = corrected
        assert parse_recipe("\n".join(lines), "recipe.toml").passes


def test_nonsense_that_no_correction_mends_says_what_a_line_is() -> None:
    with pytest.raises(UsageError, match=r"recipe\.toml:1: not TOML: .*A line is key = value"):
        parse_recipe("\x00\x01 =", "recipe.toml")


@given(st.text(alphabet="[]pas={}\"kind\n tru,.0123#'", max_size=60))
def test_any_text_is_a_recipe_or_a_clear_error(text: str) -> None:
    try:
        recipe = parse_recipe(text, "recipe.toml")
    except UsageError as error:
        told = str(error)
        recipe = None
    assert len(recipe.passes) == len(tomllib.loads(text)["pass"]) if recipe else told.startswith("recipe.toml:")


# -- against a model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (Width(hidden_size=512), "hidden_size = 512 is above the model's 384; corrected: hidden_size = 384"),
        (Depth(8), "layers = 8 is above the model's 6; corrected: layers = 6"),
        (Embedding(400), "rank = 400 is above the model's 384"),
        (Vocab(size=99999), "size = 99,999 is above the model's 30,522; corrected: size = 30522"),
        (Distill(prune=Width(heads=13)), "(distill): heads = 13 is above the model's 12"),
        (Width(parameters=10_646_785), "parameters = 10,646,785 is above the model's 10,646,784"),
    ],
)
def test_more_than_the_model_has_is_refused_before_anything_runs(step: Pass, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        check(Recipe("mine", passes=(step,)), MINILM)
    if not isinstance(step, Width | Distill) or step != Width(parameters=10_646_785):
        check(Recipe("mine", passes=(step,), at_most=True), MINILM)


def test_a_size_is_held_against_what_the_passes_before_it_left() -> None:
    recipe = Recipe("mine", passes=(Width(density=0.5), Width(heads=8)))
    with pytest.raises(UsageError, match=r"pass 2 \(width\): heads = 8 is above the model's 6"):
        check(recipe, MINILM)


def test_a_qat_keeps_the_shape_and_is_never_skipped() -> None:
    (step,) = steps(Recipe("q", passes=(Qat(),)), MINILM)
    assert (step.effective, step.shape, step.exact) == (Qat(), MINILM, True)


def test_what_equals_the_model_is_skipped_and_a_corpus_is_not_known() -> None:
    assert effective(Depth(6), MINILM) is None
    assert effective(Width(hidden_size=384, heads=12), MINILM) is None
    assert effective(Embedding(384), MINILM) is None
    assert effective(Vocab(size=30522), MINILM) is None
    assert effective(Vocab(), MINILM) == Vocab()
    assert effective(Width(latency_ms=3), MINILM) is not None
    assert expected(Embedding(128), MINILM).word_rank == 128
    exact = [step.exact for step in steps(Recipe("a", passes=(Depth(4), Width(flops=0.5), Depth(2))), MINILM)]
    assert exact == [True, False, False]


def test_right_answers_of_altered_texts_are_refused() -> None:
    with pytest.raises(RecipeError, match=r"augment have none; corrected: Distill\(labels=0.0, augment=2\)"):
        Distill(labels=0.5, augment=2)
