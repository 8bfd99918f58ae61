"""The cascade: fixed point against iteration and events, conservation, and what the push may do."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from workstation.market.instrument import Side
from workstation.risk.cascade import (
    CascadeMarket,
    ForcedBook,
    OwnPosition,
    PushedMove,
    cliffs,
    digest,
    draw_markets,
    impact_law,
    run_cascade,
)
from workstation.risk.cascade_parameters import DEFAULT_PARAMETERS, Uncertain, parameters_for
from workstation.risk.kernels.cascade import (
    Impact,
    fixed_point,
    impact_of,
    sell_one_by_one,
    simulate,
)

DELTA = 0.001
PRICE = 68_000.0
PUSH = math.log(68 / 60)
MARKET = CascadeMarket(
    coin="BTC",
    price=PRICE,
    volatility_daily=0.04,
    volume_24h_base=110e9 / PRICE,
    depth_base=500e6 / PRICE,
    capacity_base_s=20e6 / PRICE,
    open_interest_base=630_000.0,
)
IMPACT = MARKET.impact(DEFAULT_PARAMETERS)


def book_of(masses, *, delta=DELTA, falls=True) -> ForcedBook:
    cumulative = np.concatenate([[0.0], np.cumsum(masses)])
    return ForcedBook(delta=delta, cumulative_base=cumulative, falls=falls)


def a_book(total: float = 75_600.0, bins: int = 700) -> ForcedBook:
    """Return a map like bitcoin's: 12 % of the open interest, most of it 5 to 20 % away."""
    away = DELTA * np.arange(1, bins + 1)
    density = np.exp(-0.5 * np.log(away / 0.11) ** 2) / away
    return book_of(total * density / density.sum())


def by_iteration(book: ForcedBook, impact: Impact, push: float) -> float:
    """Return the least fixed point as Tarski finds it: from the push upwards, round by round."""
    edges = book.delta * np.arange(len(book.cumulative_base))
    x = push
    for _ in range(100_000):
        sold = float(np.interp(x, edges, book.cumulative_base))
        after = push + impact_of(impact, sold)
        if after - x < 1e-13:
            break
        x = after
    return x


books = st_numpy.arrays(
    np.float64, st.integers(1, 60), elements=st.floats(0.0, 5_000.0, allow_subnormal=False)
).map(lambda masses: book_of(masses, delta=0.005))
impacts = st.builds(
    impact_law,
    st.floats(0.005, 0.3),
    st.floats(1e5, 1e7),
    st.floats(100.0, 50_000.0),
)
pushes = st.one_of(st.just(0.0), st.floats(1e-4, 0.4))


# --- the law of impact ----------------------------------------------------------------------------


def test_the_first_coin_meets_the_order_book():
    # 500M$ within 1 %, thinned by 1.3: 1 % / (5,656 coins)
    sold = 1e-3
    assert impact_of(IMPACT, sold) / sold == pytest.approx(0.01 * 1.3 / (500e6 / PRICE), rel=1e-4)


def test_a_large_sale_moves_the_price_by_the_square_root_of_its_share_of_the_day():
    # a quarter of a day's volume: 4 % x sqrt(1/4), less what the book took
    taken = impact_of(IMPACT, MARKET.volume_24h_base / 4)
    assert taken == pytest.approx(0.02 - 0.04 * math.sqrt(IMPACT.seed), rel=1e-3)


# --- hours ----------------------------------------------------------------------------------------


def test_the_fixed_point_by_hand():
    # 1,000 coins a bin of 0.1; J(Q) = sqrt(Q / 1e6 + 0.0001) - 0.01; at x = 0.16: Q = 1,600,
    # J = sqrt(0.0017) - 0.01 = 0.031231, so the push was 0.128769
    book = book_of([1_000.0] * 5, delta=0.1)
    law = Impact(scale=1.0, volume=1e6, seed=1e-4)
    push = 0.16 - (math.sqrt(0.0017) - 0.01)
    found = digest(book, law, push)
    assert found.distance == pytest.approx(0.16, abs=1e-12)
    # J' rho = 10,000 / (2 x 1e6 x sqrt(0.0017))
    assert found.gain == pytest.approx(0.01 / (2 * math.sqrt(0.0017)))
    assert found.amplification == pytest.approx(1 / (1 - found.gain))


@given(books, impacts, pushes)
@settings(max_examples=300)
def test_it_is_the_least_fixed_point(book, impact, push):
    found = fixed_point(book.cumulative_base, book.delta, impact, push)
    assert found == pytest.approx(by_iteration(book, impact, push), abs=1e-6)


@given(books, impacts, pushes)
@settings(max_examples=200)
def test_it_never_ends_before_the_push_and_never_sells_more_than_there_is(book, impact, push):
    found = fixed_point(book.cumulative_base, book.delta, impact, push)
    assert push <= found <= push + impact_of(impact, book.total_base) + 1e-12


@given(books, impacts, pushes, st.floats(0.0, 0.2), st.floats(1.0, 3.0))
@settings(max_examples=200)
def test_it_grows_with_the_push_the_book_the_impact_and_the_collapse(
    book, impact, push, more, factor
):
    def end(book=book, impact=impact, push=push):
        return fixed_point(book.cumulative_base, book.delta, impact, push)

    least = end() - 1e-9
    assert end(push=push + more) >= least
    larger = replace(book, cumulative_base=factor * book.cumulative_base)
    assert end(book=larger) >= least
    depth = math.sqrt(impact.seed) * 0.02 * impact.volume / impact.scale
    assert end(impact=impact_law(impact.scale, impact.volume, depth / factor)) >= least
    assert end(impact=impact_law(factor * impact.scale, impact.volume, depth)) >= least


@given(impacts, pushes)
def test_an_empty_book_adds_nothing(impact, push):
    assert digest(book_of([0.0] * 20), impact, push).distance == push


@given(books, impacts, pushes)
@settings(max_examples=200)
def test_positions_that_die_one_by_one_end_within_a_bin_of_it(book, impact, push):
    edges = book.delta * np.arange(1, len(book.cumulative_base))
    late, _ = sell_one_by_one(edges, np.diff(book.cumulative_base), impact, push)
    early, _ = sell_one_by_one(edges - book.delta, np.diff(book.cumulative_base), impact, push)
    assert late - 1e-9 <= fixed_point(book.cumulative_base, book.delta, impact, push)
    assert fixed_point(book.cumulative_base, book.delta, impact, push) <= early + 1e-9


def test_on_a_book_like_bitcoins_the_two_agree_to_one_bin():
    book = a_book()
    edges = DELTA * np.arange(1, len(book.cumulative_base))
    for push in np.linspace(0.0, 0.4, 41):
        one_by_one, sold = sell_one_by_one(edges, np.diff(book.cumulative_base), IMPACT, push)
        assert digest(book, IMPACT, push).distance == pytest.approx(one_by_one, abs=DELTA)
        assert sold <= book.total_base


def test_own_positions_are_counted_one_by_one_in_their_order():
    # J(100) = sqrt(0.01 + 0.0001) - 0.01 = 0.0905: the first reaches the second, not the third
    law = Impact(scale=1.0, volume=10_000.0, seed=1e-4)
    away, coins = np.array([0.1, 0.15, 0.4]), np.array([100.0, 50.0, 1e6])
    reached, sold = sell_one_by_one(away, coins, law, 0.1)
    assert sold == 150
    assert reached == pytest.approx(0.1 + math.sqrt(0.0151) - 0.01)


def test_a_cliff_stands_where_one_more_dollar_jumps_past_a_cluster():
    masses = np.zeros(100)
    masses[49] = 40_000.0  # a wall of longs between 4.9 % and 5 %
    book = book_of(masses)
    ((before, after),) = cliffs(book, IMPACT)
    assert before == pytest.approx(0.049)
    assert after > 0.05
    just_below = fixed_point(book.cumulative_base, DELTA, IMPACT, before - 1e-6)
    just_above = fixed_point(book.cumulative_base, DELTA, IMPACT, before + 1e-6)
    assert just_below < 0.049
    assert just_above > 0.05
    assert just_above <= after + DELTA


@given(books, impacts)
@settings(max_examples=100)
def test_away_from_its_cliffs_the_fixed_point_does_not_jump(book, impact):
    jumps = [before for before, _ in cliffs(book, impact)]
    grid = np.linspace(0.0, 0.3, 200)
    ends = [fixed_point(book.cumulative_base, book.delta, impact, push) for push in grid]
    for k in np.flatnonzero(np.diff(ends) > 0.05 + 0.3 / 199):
        assert any(ends[k] - 1e-9 <= before <= ends[k + 1] for before in jumps) or (
            # steep without a jump: a gain close to one
            digest(book, impact, float(grid[k])).gain > 0.5
            or digest(book, impact, float(grid[k + 1])).gain > 0.5
        )


# --- seconds --------------------------------------------------------------------------------------


def play(book, move, own=(), *, seed=1, paths=64, parameters=DEFAULT_PARAMETERS, market=MARKET):
    rng = np.random.default_rng(seed)
    draws = draw_markets(book, market, parameters, paths, rng)
    distances = np.array(sorted(own), dtype=np.float64)
    out = simulate(
        book.cumulative_base, book.delta, market.price, book.sign, draws, move.steps(), distances,
        rng,
    )  # fmt: skip
    return draws, out


durations = st.sampled_from([600.0, 3_600.0, 21_600.0])


@given(durations, st.floats(0.0, 0.3), st.integers(0, 2**31))
@settings(max_examples=20)
def test_without_longs_the_price_goes_exactly_where_it_is_pushed(over_s, distance, seed):
    _, out = play(book_of([0.0] * 10), PushedMove(distance=distance, over_s=over_s), seed=seed)
    assert out.lowest == pytest.approx(np.full(64, distance))
    assert out.end == pytest.approx(np.full(64, distance))
    assert out.sold_base.max() == 0


@given(durations, st.floats(0.0, 0.3), st.integers(0, 2**31))
@settings(max_examples=20)
def test_what_is_reached_was_sold_taken_or_waits(over_s, distance, seed):
    draws, out = play(a_book(), PushedMove(distance=distance, over_s=over_s), seed=seed)
    accounted = out.sold_base + out.taken_base + out.waiting_base
    assert accounted == pytest.approx(out.reached_base)
    assert np.all(out.reached_base <= draws.book_scale * a_book().total_base * (1 + 1e-9))
    assert np.all(out.reached_base <= MARKET.open_interest_base * (1 + 1e-9))
    assert np.all(out.lowest >= distance - 1e-12)
    assert np.all(out.lowest >= out.mark - 1e-12)
    assert np.all(out.busiest_base <= out.sold_base + 1e-6)


def test_without_a_push_nothing_happens():
    report = run_cascade(
        a_book(), MARKET, PushedMove(distance=0.0, over_s=21_600.0), (), np.random.default_rng(1)
    )
    assert (report.price.p5, report.price.p95) == (PRICE, PRICE)
    assert report.forced_usd.p95 == 0
    assert report.open_interest_base.p5 == MARKET.open_interest_base
    assert report.digested_price == PRICE


def test_the_same_seed_gives_the_same_answer():
    move = PushedMove(distance=PUSH, over_s=3_600.0)
    first, second = (
        run_cascade(a_book(), MARKET, move, (), np.random.default_rng(7), paths=100)
        for _ in range(2)
    )
    assert first == second


def test_a_fast_push_overshoots_further_than_a_slow_one():
    overshoot = [
        run_cascade(
            a_book(), MARKET, PushedMove(distance=PUSH, over_s=over_s), (),
            np.random.default_rng(3), paths=300,
        ).overshoot_fraction.p50
        for over_s in (21_600.0, 3_600.0, 600.0)
    ]  # fmt: skip
    assert overshoot == sorted(overshoot)
    assert overshoot[2] > 2 * overshoot[0]


def test_the_published_scenario_lies_inside_our_band():
    # the same equations with narrower laws, 68k to 60k in 6 h: overshoot .2/.6/2.1 %, forced
    # 1.0/1.9/3.5bn$; here the map's size is drawn more widely, so the band is wider
    report = run_cascade(
        a_book(), MARKET, PushedMove(distance=PUSH, over_s=21_600.0), (), np.random.default_rng(5)
    )
    assert report.overshoot_fraction.p5 < 0.006 < report.overshoot_fraction.p95
    assert 0.002 < report.overshoot_fraction.p50 < 0.021
    assert report.forced_usd.p5 < 1.9e9 < report.forced_usd.p95
    assert 0.003 < report.gain_hours < 0.05
    assert 0.2 < report.gain_seconds < 5.0


def test_fund_and_adl_stop_what_would_feed_on_itself():
    tight = replace(
        DEFAULT_PARAMETERS, bankruptcy_gap=Uncertain(default=0.005, low=0.005, high=0.0051)
    )
    wide = replace(DEFAULT_PARAMETERS, bankruptcy_gap=Uncertain(default=9.0, low=9.0, high=9.1))
    move = PushedMove(distance=PUSH, over_s=600.0)
    _, stopped = play(a_book(), move, parameters=tight, paths=200)
    _, endless = play(a_book(), move, parameters=wide, paths=200)
    assert stopped.taken_base.max() > 0
    assert endless.taken_base.max() == 0
    assert np.percentile(stopped.lowest, 95) < np.percentile(endless.lowest, 95)


def test_own_positions_die_when_the_mark_passes_them_and_not_otherwise():
    own = [
        OwnPosition(
            account="a", symbol="BTC/USDT:USDT", side=Side.LONG, distance=d, quantity_base=1.0
        )
        for d in (PUSH + 0.45, PUSH / 2, PUSH + 0.004)
    ]
    report = run_cascade(
        a_book(), MARKET, PushedMove(distance=PUSH, over_s=3_600.0), own, np.random.default_rng(2)
    )
    near, beyond, far = report.deaths
    assert near.share == 1.0
    assert near.minutes == pytest.approx(30, abs=10)
    assert 0.05 < beyond.share < 0.95
    assert beyond.minutes is not None
    assert (far.share, far.minutes) == (0.0, None)
    assert near.coin_price == pytest.approx(PRICE * math.exp(-PUSH / 2))


def test_what_the_users_own_liquidations_move_is_next_to_nothing():
    own = OwnPosition(
        account="a", symbol="BTC/USDT:USDT", side=Side.LONG, distance=PUSH / 2, quantity_base=2.4
    )
    move = PushedMove(distance=PUSH, over_s=3_600.0)
    report = run_cascade(a_book(), MARKET, move, [own], np.random.default_rng(2), paths=10)
    assert 0 < report.own_effect_fraction < 1e-4


def test_a_rise_is_the_mirror_image_of_a_fall():
    fall, rise = (
        run_cascade(
            replace(a_book(), falls=falls), MARKET, PushedMove(distance=PUSH, over_s=3_600.0), (),
            np.random.default_rng(4), paths=50,
        )
        for falls in (True, False)
    )  # fmt: skip
    assert rise.price.p95 == pytest.approx(PRICE**2 / fall.price.p5, rel=1e-3)
    assert rise.scenario_price == pytest.approx(PRICE * 68 / 60)
    assert rise.open_interest_base == fall.open_interest_base


def test_a_course_is_followed_step_by_step():
    move = PushedMove(distance=0.2, over_s=7_200.0, course=(0.25, 1.0))
    path = move.steps().path
    assert path[len(path) // 2 - 1] == pytest.approx(0.05)
    assert path[-1] == pytest.approx(0.2)
    straight = PushedMove(distance=0.2, over_s=7_200.0).steps().path
    assert straight[len(path) // 2 - 1] == pytest.approx(0.1)


@pytest.mark.parametrize(("over_s", "step_s"), [(600.0, 1.0), (1_800.0, 2.5), (86_400.0, 5.0)])
def test_a_faster_push_is_played_in_shorter_steps(over_s, step_s):
    push = PushedMove(distance=0.1, over_s=over_s).steps()
    assert push.step_s == step_s
    assert len(push.path) * step_s == over_s
    assert (push.steps - len(push.path)) * step_s == 3_600


def test_open_interest_left_by_hand():
    # nothing is sold; what leaves does so of its own accord: 630,000 x 1.2 x 0.1
    fixed = replace(
        DEFAULT_PARAMETERS,
        closes_freely=Uncertain(default=1.2, spread=1e-12),
        closes_at_loss=Uncertain(default=0.5, spread=1e-12),
    )
    report = run_cascade(
        book_of([0.0]), MARKET, PushedMove(distance=0.1, over_s=3_600.0), (),
        np.random.default_rng(1), parameters=fixed, paths=5,
    )  # fmt: skip
    assert report.open_interest_base.p50 == pytest.approx(630_000 * (1 - 0.12))


@given(st.integers(0, 2**31))
@settings(max_examples=20)
def test_drawn_parameters_keep_their_bounds_and_their_middle(seed):
    rng = np.random.default_rng(seed)
    law = Uncertain(default=1.3, spread=0.6, low=1.0)
    drawn = law.draw(4_000, rng)
    assert drawn.min() >= 1.0
    assert np.median(drawn) == pytest.approx(1.3, rel=0.1)
    level = Uncertain(default=0.7, low=0.4, high=0.9).draw(1_000, rng)
    assert 0.4 <= level.min() <= level.max() <= 0.9


def test_funds_step_in_later_where_books_are_thin():
    assert parameters_for("BTC") is DEFAULT_PARAMETERS
    small = parameters_for("PEPE")
    assert small.bankruptcy_gap.low == 0.3
    assert small.impact == DEFAULT_PARAMETERS.impact
