"""The line keeps its order and its bound."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelm.serve.batching import WAVE, Full, Line


@dataclass(eq=False)
class Item:
    """What waits, as far as the line knows it."""

    texts: int
    tokens: int
    arrived: float = 0.0


@given(
    st.lists(st.one_of(st.tuples(st.integers(1, 9), st.integers(1, 90)), st.none()), max_size=60),
    st.integers(1, 20),
    st.integers(1, 50),
)
def test_the_line_is_bounded_and_in_order(steps: list[tuple[int, int] | None], most: int, budget: int) -> None:
    """``None`` takes from the line, anything else stands in it."""
    told = [0]
    line: Line[Item] = Line(most, budget, max_wait_s=0.0, told=told.append)
    waiting: list[Item] = []
    for step in steps:
        if step is not None:
            item = Item(*step)
            if waiting and sum(one.texts for one in waiting) + item.texts > most:
                with pytest.raises(Full):
                    line.put(item)
            else:
                line.put(item)
                waiting.append(item)
        elif waiting:
            taken = line.take()
            assert taken == waiting[: len(taken)] != []
            assert len(taken) == 1 or sum(one.tokens for one in taken) <= WAVE * budget
            del waiting[: len(taken)]
        assert line.texts == told[-1] == sum(one.texts for one in waiting)
    line.close()
    rest: list[Item] = []
    while taken := line.take():
        rest += taken
    assert rest == waiting


@given(st.lists(st.booleans(), min_size=1, max_size=20))
def test_who_leaves_is_not_taken(leaves: list[bool]) -> None:
    line: Line[Item] = Line(100, 1000, max_wait_s=0.0)
    items = [Item(1, 1) for _ in leaves]
    for item in items:
        line.put(item)
    for item, is_leaving in zip(items, leaves, strict=True):
        if is_leaving:
            line.discard(item)
            line.discard(item)
    line.close()
    assert line.take() == [item for item, is_leaving in zip(items, leaves, strict=True) if not is_leaving]
    assert line.texts == 0


def test_a_single_client_never_waits_for_company() -> None:
    """With a wait of an hour it would never end."""
    line: Line[Item] = Line(100, 100, max_wait_s=3600.0, clock=lambda: 0.0)
    for _ in range(3):
        line.put(Item(1, 5))
        assert len(line.take()) == 1


def test_after_company_others_are_waited_for_until_a_batch_is_full() -> None:
    line: Line[Item] = Line(100, 100, max_wait_s=3600.0, clock=lambda: 0.0)
    for _ in range(2):
        line.put(Item(1, 5))
    assert len(line.take()) == 2
    found: list[Item] = []
    thread = threading.Thread(target=lambda: found.extend(line.take()))
    thread.start()
    line.put(Item(1, 40))
    thread.join(0.05)
    assert thread.is_alive()
    line.put(Item(1, 60))
    thread.join(10)
    assert [item.tokens for item in found] == [40, 60]


def test_the_wait_ends_when_the_first_has_stood_long_enough() -> None:
    now = [0.0]
    line: Line[Item] = Line(100, 100, max_wait_s=0.5, clock=lambda: now[0])
    for _ in range(2):
        line.put(Item(1, 5))
    line.take()
    now[0] = 1.0
    line.put(Item(1, 5, arrived=0.4))
    assert len(line.take()) == 1


def test_every_text_of_many_threads_comes_out_once() -> None:
    line: Line[Item] = Line(10_000, 30, max_wait_s=0.001)
    items = [[Item(1, 1) for _ in range(200)] for _ in range(4)]
    threads = [threading.Thread(target=lambda own=own: [line.put(item) for item in own]) for own in items]
    found: list[Item] = []

    def take() -> None:
        while taken := line.take():
            found.extend(taken)

    taker = threading.Thread(target=take)
    for thread in (*threads, taker):
        thread.start()
    for thread in threads:
        thread.join()
    line.close()
    taker.join(10)
    assert len(found) == 800
    assert {id(item) for item in found} == {id(item) for own in items for item in own}
    for own in items:
        mine = {id(item) for item in own}
        assert [item for item in found if id(item) in mine] == own
