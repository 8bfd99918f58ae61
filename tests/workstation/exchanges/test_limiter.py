"""The order in which calls to one venue get their turn."""

from __future__ import annotations

import asyncio

from workstation.exchanges.base import URGENT
from workstation.exchanges.ccxt_client import Limiter


def test_an_urgent_call_goes_before_those_that_wait_and_after_what_is_under_way():
    turns = []

    async def ask(limiter, name, *, urgent=False):
        URGENT.set(urgent)
        await limiter()
        turns.append(name)

    async def run():
        limiter = Limiter({"refillRate": 0.05, "tokens": 1})  # a call each 20 ms
        calls = [asyncio.create_task(ask(limiter, name)) for name in ("first", "second", "third")]
        while not turns:
            await asyncio.sleep(0)
        calls.append(asyncio.create_task(ask(limiter, "prices", urgent=True)))
        await asyncio.gather(*calls)

    asyncio.run(run())
    assert turns.index("prices") < turns.index("third")
    assert turns[0] == "first"
    assert [name for name in turns if name != "prices"] == ["first", "second", "third"]
