"""Rescue: what is liquidated next, in order, and the cheapest move that still arrives in time.

Theory of operation. The scenario is walked once with nothing done: its events give the order of the
pools, their prices and what doing nothing loses. Then each pool in turn gets the smallest deposit
with which it survives the whole way. Who can pay it and is there in time pays it, the nearest and
cheapest first; where that is not enough, or costs more, positions are cut instead, or as well. Each
move is made on a copy of the book before the next pool is looked at, so no wallet is spent twice,
and at the end the copy is walked again: ``alive`` says that nothing died on it.

In time means: sooner than the pool's price at the pace of the last hour. Where that pace is not
known, only what is there at once counts. What it does not do: it changes no coin into another, and
it takes nothing out of an isolated position.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from workstation.portfolio.model import Account, Portfolio
from workstation.risk import scenario as engine
from workstation.risk.aftermath import after_rescue
from workstation.risk.edits import (
    account_of,
    deposited,
    step_of,
    with_account,
)
from workstation.risk.fates import Fate, fates_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.pace import minutes_at_pace
from workstation.risk.path import MarketPath
from workstation.risk.pools import Pool, pools_of
from workstation.risk.repair import AccountPlan, Extra
from workstation.risk.repair_report import AddCollateral
from workstation.risk.report import MarkSource
from workstation.risk.rescue_report import Action, RescueReport, RescueRow, Step
from workstation.risk.scenario import Scenario
from workstation.risk.step_order import in_order
from workstation.risk.trades import paid
from workstation.risk.transfers import Source, Sources, TransferTerms
from workstation.risk.waterfall import Waterfall

_ROUNDS: Final = 3  # a rescue may uncover what only dies because of it, hardly more than once


def rescue(
    portfolio: Portfolio, inputs: RiskInputs, scenario: Scenario, terms: TransferTerms
) -> RescueReport:
    """Return what dies on the way to the scenario, in order, and what to do about each.

    Raises
    ------
    RiskInputError
        A coin that moves has no price to start from.
    """
    book, inputs, path = engine.prepared(portfolio, inputs, scenario)
    work = _Rescue(book, inputs, path, scenario, terms)
    walk = nothing = work.walk(book)
    rows: dict[str, RescueRow] = {}
    for _ in range(_ROUNDS):
        fates = [fate for fate in fates_of(walk, inputs) if fate.name not in rows]
        if not fates:
            break
        reserved = work.reserved(book, fates)
        for fate in fates:
            reserved.pop(fate.name, None)
            book, rows[fate.name] = work.save(book, fate, list(reserved.values()))
        walk = work.walk(book)
    report = RescueReport(
        scenario=scenario,
        rows=in_order(rows.values(), work.spare_at_start, work.fee_of),
        alive=not fates_of(walk, inputs),
        rescued=book,
        equity_doing_nothing_usd=nothing.equity_usd(1.0),
        equity_rescued_usd=walk.equity_usd(1.0),
    )
    return after_rescue(report, nothing.before, inputs, path) if rows else report


Option = tuple[Portfolio, tuple[Step, ...]]  # a book with a pool saved, and how


@dataclass(frozen=True, slots=True)
class _Rescue:
    """One question: the book at its start, the way, and what transfers cost."""

    start: Portfolio
    inputs: RiskInputs
    path: MarketPath
    scenario: Scenario
    terms: TransferTerms

    def walk(self, book: Portfolio) -> Waterfall:
        moves, orders = self.scenario.moves, self.scenario.use_orders
        return Waterfall(book, self.inputs, self.path, drivers=moves, use_orders=orders)

    def reserved(self, book: Portfolio, fates: Sequence[Fate]) -> dict[str, AddCollateral]:
        """Return what each dying pool needs: wallets keep it for the pools of their account."""
        plan, needs = self._plan(book), {}
        for fate in fates:
            account = account_of(book, fate.event.account)
            pool = next((p for p in pools_of(account, self.inputs) if p.name == fate.name), None)
            need = plan.deposit(account, pool) if pool is not None else None
            if need is not None:
                needs[fate.name] = need
        return needs

    def save(
        self, book: Portfolio, fate: Fate, reserved: Sequence[AddCollateral]
    ) -> tuple[Portfolio, RescueRow]:
        """Return the book with the cheapest move made that saves a pool, and its row.

        ``reserved`` is what the pools that die later need of their own wallets.
        """
        account = account_of(book, fate.event.account)
        pool = next((p for p in pools_of(account, self.inputs) if p.name == fate.name), None)
        row = self._row(fate, account, pool)
        plan = self._plan(book)
        if pool is None or plan.short(account, pool) > 0:
            return book, replace(row, spared=True)
        needed = plan.deposit(account, pool)
        asset, amount = (needed.asset, needed.amount) if needed else (None, None)
        row = replace(row, needed=amount, asset=asset)
        offers, notes = self._offers(book, account, pool, row, reserved)
        options = [
            option
            for option in (
                self._transfers(book, account, pool, row, offers),
                self._cuts(book, account, pool, row, offers),
                self._cuts(book, account, pool, row, []),
            )
            if option is not None
        ]
        if not options:
            return book, replace(row, notes=tuple(notes))
        best = min(options, key=lambda option: _cost(option[1]))
        rescued, steps = self._with_fewer_payers(book, account, pool, row, offers, best)
        return rescued, replace(row, steps=steps, notes=tuple(notes))

    def _with_fewer_payers(
        self,
        book: Portfolio,
        account: Account,
        pool: Pool,
        row: RescueRow,
        offers: Sequence[Source],
        best: Option,
    ) -> Option:
        """Return an option without the smallest transfers, as long as that is cheaper.

        A transfer's fee stands, however little it brings; a slightly larger cut may cost less.
        """
        while charged := [step for step in best[1] if step.origin and step.cost_usd]:
            least = min(charged, key=lambda step: step.value_usd)
            offers = [offer for offer in offers if offer.account != least.origin]
            others = [
                option
                for option in (
                    self._transfers(book, account, pool, row, offers),
                    self._cuts(book, account, pool, row, offers),
                )
                if option is not None
            ]
            other = min(others, key=lambda option: _cost(option[1]), default=best)
            if _cost(other[1]) >= _cost(best[1]):
                break
            best = other
        return best

    def _plan(self, book: Portfolio) -> AccountPlan:
        return AccountPlan(
            self.inputs,
            self.path,
            self.scenario.buffer,
            self.scenario.use_orders,
            book,
            self.terms.slippage_rate,
        )

    def _row(self, fate: Fate, account: Account, pool: Pool | None) -> RescueRow:
        event = fate.event
        coin = next(iter(event.coin_price), "")
        at, start = event.coin_price.get(coin, math.nan), self.inputs.coin_price(coin) or math.nan
        legs = [leg for leg in pool.legs if leg.position.symbol == event.symbol] if pool else []
        used = legs[0].mark_used if legs else None
        return RescueRow(
            account=account.id,
            venue=account.venue,
            pool=fate.name,
            symbol=event.symbol,
            side=event.side,
            isolated=pool is not None and pool.isolated,
            price=event.price,
            coin=coin,
            coin_price=at,
            distance=at / start - 1,
            minutes_left=minutes_at_pace(at / start, self.inputs.pace.get(coin)),
            loss_usd=fate.loss_usd,
            needed=None,
            asset=None,
            steps=(),
            notes=(),
            mark_source=used.source if used else None,
            mark_age_s=used.age_s if used else None,
        )

    # --- what can be had ------------------------------------------------------------------------

    def _offers(
        self,
        book: Portfolio,
        account: Account,
        pool: Pool,
        row: RescueRow,
        reserved: Sequence[AddCollateral],
    ) -> tuple[list[Source], list[str]]:
        """Return who can pay in time, and why others cannot."""
        notes = []
        if row.mark_source is MarkSource.ESTIMATED:
            notes.append(f"The mark of {row.venue} is stale; its price is estimated.")
        if row.asset is None:
            return [], [*notes, "No deposit saves it."]
        found, barred = self._sources().of(book, account, pool, row.asset)
        notes += [f"{item.account}: {item.why}" for item in barred]
        offers = []
        for source in found:
            if source.account != account.id:
                kept = (need for need in reserved if need.account == source.account)
                own = sum(need.amount for need in kept if need.asset == row.asset)
                source = source._replace(spare=source.spare - own)
            if source.spare <= 0:
                notes.append(_kept(source, row.asset))
            elif _in_time(source.route.minutes, row.minutes_left):
                offers.append(source)
            else:
                notes.append(_too_late(source, row.minutes_left))
        return offers, notes

    def _sources(self) -> Sources:
        scenario = self.scenario
        return Sources(self.inputs, self.path, self.terms, scenario.buffer, scenario.use_orders)

    def spare_at_start(self, account_id: str, asset: str) -> float:
        """Return what an account can give before anything is done."""
        return self._sources().spare(self.start, account_of(self.start, account_id), asset)

    def _transfers(
        self,
        book: Portfolio,
        account: Account,
        pool: Pool,
        row: RescueRow,
        offers: Sequence[Source],
    ) -> Option | None:
        """Return the deposit taken from the offers in their order; ``None`` if it is too little."""
        if row.needed is None or row.asset is None:
            return None
        return self._taken(book, account, pool, row.asset, row.needed, offers)

    def _taken(
        self,
        book: Portfolio,
        account: Account,
        pool: Pool,
        asset: str,
        wanted: float,
        offers: Sequence[Source],
    ) -> Option | None:
        step = step_of(asset)
        to_go, steps = round(wanted / step), []
        for source in offers:
            fee = self._fee(source, asset)
            most = math.floor((source.spare - fee) / step + 1e-6)
            if most <= 0 or to_go <= 0:
                continue
            amount = round(min(most, to_go) * step, 8)
            to_go -= min(most, to_go)
            book = with_account(
                book, paid(account_of(book, source.account), asset, -(amount + fee))
            )
            worth = amount * (self.inputs.coin_price(asset) or 1.0)
            steps.append(_transfer(account, asset, amount, worth, source))
        if to_go > 0:
            return None
        grown = deposited(account_of(book, account.id), pool, asset, round(wanted, 8))
        return with_account(book, grown), tuple(steps)

    def _fee(self, source: Source, asset: str) -> float:
        return self._in_asset(source.route.fee_usd, asset)

    def fee_of(self, step: Step) -> float:
        """Return the fee of a transfer that is done, in its asset."""
        return self._in_asset(step.cost_usd, step.asset)

    def _in_asset(self, fee_usd: float, asset: str) -> float:
        """Return a fee in the asset, rounded up to its step."""
        step, price = step_of(asset), self.inputs.coin_price(asset) or 1.0
        return math.ceil(fee_usd / price / step - 1e-9) * step

    def _cuts(
        self,
        book: Portfolio,
        account: Account,
        pool: Pool,
        row: RescueRow,
        offers: Sequence[Source],
    ) -> Option | None:
        """Return the smallest cut, with what can be paid in beside it."""
        asset = row.asset or ""
        spare = sum(max(0.0, s.spare - self._fee(s, asset)) for s in offers) if offers else 0.0
        step = step_of(asset)
        extra = Extra(asset, round(math.floor(spare / step + 1e-6) * step, 8))
        plan = self._plan(book)
        if extra.amount >= (row.needed or math.inf) or (offers and not extra.amount):
            return None
        cuts = plan.cut(account, pool, extra)
        if not cuts:
            return None
        steps = tuple(
            Step(
                action=Action.CUT,
                account=account.id,
                amount=done.cut.quantity,
                cost_usd=done.cut.pays_usd,
                arrives_min=0.0,
                value_usd=done.cut.value_usd,
                symbol=done.cut.symbol,
                side=done.cut.side,
                assumed=True,  # the slippage
            )
            for done in cuts
        )
        smaller = cuts[-1].account
        cut_book = with_account(book, smaller)
        needed = plan.deposit(smaller, pool) if plan.short(smaller, pool) <= 0 else None
        if needed is None:
            return cut_book, steps
        # own margin that the cut released is in the wallet now, and counts as it did before
        moved = self._taken(cut_book, smaller, pool, needed.asset, needed.amount, offers)
        return None if moved is None else (moved[0], (*steps, *moved[1]))


def _in_time(minutes: float, left: float | None) -> bool:
    return minutes == 0 if left is None else minutes < left or minutes == 0


def _kept(source: Source, asset: str) -> str:
    return (
        f"{source.account} gives nothing here: its {asset} is kept for its own positions, which "
        "would be liquidated later."
    )


def _too_late(source: Source, left: float | None) -> str:
    if left is None:
        return (
            f"{source.account}: the pace of the last hour is not known, so whether a transfer of "
            f"{source.route.minutes:g} min is in time is not known either."
        )
    return (
        f"{source.account}: a transfer of {source.route.minutes:g} min is too late at the pace of "
        "the last hour."
    )


def _transfer(
    account: Account, asset: str, amount: float, worth_usd: float, source: Source
) -> Step:
    return Step(
        action=Action.TRANSFER,
        account=account.id,
        amount=amount,
        value_usd=worth_usd,
        asset=asset,
        cost_usd=source.route.fee_usd,
        arrives_min=source.route.minutes,
        origin=source.account,
        origin_venue=source.venue,
        kind=source.kind,
        assumed=source.route.assumed,
        withdrawals=source.withdrawals,
    )


def _cost(steps: Sequence[Step]) -> float:
    return sum(step.cost_usd for step in steps)
