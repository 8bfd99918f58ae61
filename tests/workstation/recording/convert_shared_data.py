"""Turn the recorded market data beside the project into recordings that the workstation replays.

    python tests/workstation/recording/convert_shared_data.py feb-2026 OUT [--data FOLDER]
    risk-workstation --source replay:OUT --speed 600

Each crash is a table of which file gives which kind of fact; kinds without a file stay unknown.
Marks come from the exchange's mark candles (their closes, at their ends) and, where open interest
was published with its value, from value over quantity, which is the mark at that instant.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

VENUE, SYMBOL = "binanceusdm", "BTC/USDT:USDT"
# The funding of other venues, per their own interval, and the symbol it belongs to there.
_OTHER_FUNDING = {
    "bybit": ("bybit", "BTC/USDT:USDT", 8.0),
    "okx": ("okx", "BTC/USDT:USDT", 8.0),
    "hyperliquid": ("hyperliquid", "BTC/USDC:USDC", 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """What is known of one crash: files by interval, and the span to cut out of them."""

    start: str
    end: str
    candles: tuple[tuple[str, int], ...]
    mark_candles: str | None
    funding: str
    open_interest: str | None = None
    multivenue_funding: str | None = None
    full: str | None = None  # one table of candles, open interest and liquidations


CRASHES = {
    "feb-2026": Crash(
        start="2026-01-05",
        end="2026-02-12",
        candles=(("binance_btcusdt_perp_15m_2025-12_on", 900),),
        mark_candles="binance_btcusdt_mark_1h_2025-12_on",
        funding="binance_btcusdt_funding_8h_2025-12_on",
        open_interest="binance_btcusdt_oi_5m_2025-12_on",
    ),
    "oct-2025": Crash(
        start="2025-09-20",
        end="2025-10-14",
        candles=(("binance_btcusdt_perp_5m", 300),),
        mark_candles="binance_btcusdt_mark_1h",
        funding="binance_btcusdt_funding_8h",
        multivenue_funding="multivenue_btc_funding",
    ),
    "aug-2024": Crash(
        start="2024-06-19",
        end="2024-08-20",
        candles=(("binance_btcusdt_perp_1h_full_2024-08", 3600),),
        mark_candles="binance_btcusdt_mark_1h",
        funding="binance_btcusdt_funding_8h",
        full="binance_btcusdt_perp_1h_full_2024-08",
    ),
}


def convert(crash: Crash, data: Path, out: Path) -> None:
    """Write the recording folder ``out``."""
    out.mkdir(parents=True, exist_ok=True)

    def read(name: str) -> pd.DataFrame:
        frame = pd.read_parquet(data / f"{name}.parquet")
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
        inside = (frame["time"] >= crash.start) & (frame["time"] < crash.end)
        return frame[inside].reset_index(drop=True)

    def write(kind: str, *frames: pd.DataFrame) -> None:
        table = pd.concat(frames, ignore_index=True).sort_values("time", kind="stable")
        table.to_parquet(out / f"{kind}.parquet", index=False)

    write("candles", *(_candles(read(name), seconds) for name, seconds in crash.candles))
    marks = []
    if crash.mark_candles:
        marks.append(_marks_of_candles(read(crash.mark_candles)))
    if crash.open_interest:
        interest = read(crash.open_interest)
        marks.append(_marks_of_interest(interest))
        write("open_interest", _open_interest(interest))
    if crash.full:
        full = read(crash.full)
        write("open_interest", _closing_interest(full))
        write("liquidations", *(_liquidations(full, side) for side in ("long", "short")))
    write("marks", *marks)
    funding = [_funding(read(crash.funding))]
    if crash.multivenue_funding:
        funding += _other_funding(read(crash.multivenue_funding))
    write("funding", *funding)
    about = {"schema": 1, "started": crash.start, "ended": crash.end, "software": "converter"}
    (out / "recording.json").write_text(json.dumps(about), encoding="utf-8")


def _candles(frame: pd.DataFrame, interval_s: int) -> pd.DataFrame:
    return frame[["time", "open", "high", "low", "close"]].assign(
        volume_base=frame["volume"], interval_s=interval_s, venue=VENUE, symbol=SYMBOL
    )


def _marks_of_candles(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": frame["time"] + pd.Timedelta(hours=1),
            "venue": VENUE,
            "symbol": SYMBOL,
            "mark_price": frame["close"],
            "index_price": float("nan"),
        }
    )


def _marks_of_interest(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": frame["time"],
            "venue": VENUE,
            "symbol": SYMBOL,
            "mark_price": frame["implied_mark"],
            "index_price": float("nan"),
        }
    )


def _open_interest(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": frame["time"],
            "venue": VENUE,
            "symbol": SYMBOL,
            "open_interest_base": frame["open_interest"],
            "open_interest_usd": frame["open_interest_usd"],
        }
    )


def _closing_interest(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": frame["time"] + pd.Timedelta(hours=1),
            "venue": VENUE,
            "symbol": SYMBOL,
            "open_interest_base": frame["oi_close"],
            "open_interest_usd": frame["oi_close"] * frame["close"],
        }
    )


def _liquidations(frame: pd.DataFrame, side: str) -> pd.DataFrame:
    # sums of an hour: neither their moments nor their prices are known
    rows = frame[frame[f"liq_{side}"] > 0]
    return pd.DataFrame(
        {
            "time": rows["time"] + pd.Timedelta(minutes=30),
            "venue": VENUE,
            "symbol": SYMBOL,
            "side": side,
            "quantity_base": rows[f"liq_{side}"],
            "price": float("nan"),
        }
    )


def _funding(frame: pd.DataFrame) -> pd.DataFrame:
    kept = frame[["time", "funding_rate"]]
    return kept.assign(venue=VENUE, symbol=SYMBOL, interval_h=8.0, settled=True)


def _other_funding(frame: pd.DataFrame) -> list[pd.DataFrame]:
    return [
        frame.loc[frame["venue"] == name, ["time", "funding_rate"]].assign(
            venue=venue, symbol=symbol, interval_h=interval_h, settled=True
        )
        for name, (venue, symbol, interval_h) in _OTHER_FUNDING.items()
    ]


def main() -> None:
    here = Path(__file__).resolve()
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("crash", choices=CRASHES)
    ask.add_argument("out", type=Path)
    ask.add_argument("--data", type=Path, default=here.parents[4] / "shared" / "data")
    arguments = ask.parse_args()
    convert(CRASHES[arguments.crash], arguments.data, arguments.out)


if __name__ == "__main__":
    main()
