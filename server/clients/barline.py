"""Barline from Python, in one file: download it, put it beside your script, import it.

    curl -O http://127.0.0.1:3000/clients/barline.py

    from barline import Barline
    bars = Barline("http://127.0.0.1:3000").bars("AAPL", "2020-01-01")

It takes Python 3.9 or newer and nothing else. Tables come as pandas frames where pandas is installed, else as Polars
frames where that is, else as lists of dicts; ``frame="pandas"``, ``"polars"`` or ``"plain"`` says which, for all calls
or for one. Dates are dates in each of them, and fractions are fractions: 0.01 is one percent.

What Barline refuses is raised as :class:`BarlineError` in its own words. A call that is refused for now (429, 503) is
made again after the time that the answer names.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Union

__all__ = ["Backtest", "Barline", "BarlineError", "Sweep"]

Date = Union[str, date]
Row = Dict[str, Any]
#: A pandas or Polars frame, or a list of dicts.
Table = Any

#: Answers that say "not now": nothing was done, so that the call may be made again, whatever it is.
_NOT_NOW = (429, 503)
_BAR_COLUMNS = ("date", "ticker", "open", "high", "low", "close", "volume", "vwap")
_TRADE_COLUMNS = (
    *("entryDate", "entryPrice", "exitDate", "exitPrice", "shares", "profit", "return", "reason"),
)
_FACTS = "fct_polygon__stock_bars_performance"
_LONGEST_PAUSE_SECONDS = 60.0


class BarlineError(Exception):
    """What Barline answered instead of what was asked for. ``str()`` is its message.

    ``status`` is HTTP's, or None where nothing was answered; ``code`` is Barline's word for the kind of error
    (``not_found``, ``invalid``, …), ``field`` names what of the request is at fault, and ``request_id`` finds the
    request in Barline's log.
    """

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        code: Optional[str] = None,
        field: Optional[str] = None,
        request_id: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.field = field
        self.request_id = request_id


class Backtest:
    """One run of a strategy. ``raw`` is the answer as it came."""

    def __init__(self, raw: Row, frame: str) -> None:
        self.raw = raw
        self._frame = frame

    @property
    def metrics(self) -> Dict[str, Optional[float]]:
        """``sharpe``, ``maxDrawdown``, …: fractions, not percents; None where one is not defined."""
        return self.raw["metrics"]

    @property
    def scenario(self) -> Row:
        """What was asked for, defaults and all: what makes the run again."""
        return self.raw["scenario"]

    @property
    def equity(self) -> Table:
        """``date``, ``equity`` in dollars and ``drawdown`` at each session's close."""
        rows = self.raw["equity"]
        return _table(rows, self._frame, ("date", "equity", "drawdown"), ["date"], ["equity", "drawdown"])

    @property
    def trades(self) -> Table:
        """A row a trade; of one that is open, exit, profit and return are missing."""
        rows = [{name: value for name, value in trade.items() if name != "asTraded"} for trade in self.raw["trades"]]
        columns = (*(("ticker",) if any("ticker" in row for row in rows) else ()), *_TRADE_COLUMNS)
        floats = ["entryPrice", "exitPrice", "shares", "profit", "return"]
        return _table(rows, self._frame, columns, ["entryDate", "exitDate"], floats)

    def __repr__(self) -> str:
        asked = self.scenario
        total = self.metrics.get("totalReturn")
        gained = "" if total is None else f": {total:+.1%}"
        return f"<Backtest {asked['strategy']} {asked['ticker'] or 'of the universe'} {asked['from']} to {asked['to']}{gained}>"


class Sweep:
    """A search over a strategy's parameters. ``raw`` is the answer as it came."""

    def __init__(self, raw: Row, frame: str) -> None:
        self.raw = raw
        self._frame = frame

    @property
    def id(self) -> int:
        return self.raw["id"]

    @property
    def state(self) -> str:
        return self.raw["state"]

    @property
    def best(self) -> Table:
        """The best points in sample, the best first: a column a parameter, then ``in_sample_…`` and ``out_of_sample_…`` metrics."""
        rows = [
            {
                **point["params"],
                **{f"in_sample_{name}": value for name, value in point["inSample"].items()},
                **{f"out_of_sample_{name}": value for name, value in (point["outOfSample"] or {}).items()},
            }
            for point in (self.raw["result"] or {}).get("best", [])
        ]
        return _table(rows, self._frame, list(rows[0]) if rows else [], [], list(rows[0]) if rows else [])

    def __repr__(self) -> str:
        return f"<Sweep {self.id} {self.state}: {self.raw['done']} of {self.raw['points']} points>"


class Barline:
    """A Barline, by its address.

    ``token`` is an API token that was made on its System page, or the password; left out, the variable
    ``BARLINE_TOKEN`` is used, and nothing is sent where that is not set either. ``frame`` says what tables come as:
    ``"pandas"``, ``"polars"``, ``"plain"`` (lists of dicts), or ``"auto"``: the first of them that is installed.
    ``retries`` is how often a call is made again that is refused for now, ``timeout`` how many seconds one may be silent.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:3000",
        token: Optional[str] = None,
        *,
        frame: str = "auto",
        retries: int = 5,
        timeout: float = 120.0,
    ) -> None:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"The address of a Barline begins with http:// or https://, and not as {url!r}.")
        self.url = url.rstrip("/")
        self.frame = _checked_frame(frame)
        self.retries = retries
        self.timeout = timeout
        self._token = token if token is not None else os.environ.get("BARLINE_TOKEN")
        self._opener = urllib.request.build_opener(_NoRedirects)

    def bars(
        self,
        ticker: Union[str, Sequence[str]],
        start: Optional[Date] = None,
        end: Optional[Date] = None,
        *,
        adjusted: bool = True,
        exact: bool = False,
        frame: Optional[str] = None,
    ) -> Table:
        """Daily bars of a ticker, or of a list of them, oldest first.

        ``start`` and ``end`` are inclusive. Adjusted for splits, or as the vendor stated them. Bars are those of the
        security that holds the ticker, under whatever label it had; ``exact`` gives those of the label alone.
        """
        tickers = [ticker] if isinstance(ticker, str) else list(ticker)
        query = {"from": start, "to": end, "adjusted": None if adjusted else False, "label": "exact" if exact else None}
        rows = [
            row for one in tickers for row in self.request("GET", f"/api/bars/{urllib.parse.quote(one, safe='')}", query)
        ]
        return _table(rows, self._chosen(frame), _BAR_COLUMNS, ["date"], _BAR_COLUMNS[2:])

    def screen(
        self,
        *,
        date: Optional[Date] = None,
        columns: Optional[Sequence[str]] = None,
        sort: Optional[str] = None,
        limit: int = 100,
        frame: Optional[str] = None,
        **filters: Any,
    ) -> Table:
        """Tickers of a session by any indicator: ``screen(rsi_14_max=30, sort="-dollar_volume_20d")``.

        ``date`` is the session, or the last one before; the newest where left out. ``sort`` begins with ``-`` to
        descend. Filters are the API's: ``<indicator>_min``, ``<indicator>_max``, ``type``, ``q``, ``survivors``; of a
        column of your own models ``**{"model.column_min": 1}``.
        """
        query = {"date": date, "columns": columns and ",".join(columns), "sort": sort, "limit": limit, **filters}
        found = self.request("GET", "/api/screener", query)["tickers"]
        rows = [
            {
                **{"ticker": row["ticker"], "name": row["name"], "type": row["type"]},
                **{"delisted_on": row["delistedOn"], "still_trades": row["stillTrades"]},
                **row["values"],
            }
            for row in found
        ]
        known = ["ticker", "name", "type", "delisted_on", "still_trades"]
        return _table(rows, self._chosen(frame), list(rows[0]) if rows else known, ["delisted_on"], [])

    def backtest(
        self,
        strategy: str,
        ticker: Optional[str] = None,
        start: Optional[Date] = None,
        end: Optional[Date] = None,
        *,
        params: Optional[Mapping[str, Any]] = None,
        frame: Optional[str] = None,
        **settings: Any,
    ) -> Backtest:
        """Runs a strategy: ``backtest("momentum", "AAPL", params={"shortWindow": 10})``.

        Settings are the API's: ``capital``, ``sizing``, ``fractional``, ``side``, ``commission={"bps": 5}``,
        ``slippage``, ``stopLoss``, ``dividends``, ``benchmark``, … What is left out has its default.
        """
        asked = _asked(strategy, ticker, start, end, params, settings)
        return Backtest(self.request("POST", "/api/backtests", body=asked), self._chosen(frame))

    def tear_sheet(
        self,
        strategy: str,
        ticker: Optional[str] = None,
        start: Optional[Date] = None,
        end: Optional[Date] = None,
        *,
        params: Optional[Mapping[str, Any]] = None,
        **settings: Any,
    ) -> Row:
        """Runs a strategy as :meth:`backtest` does, and measures the run as QuantStats' full report does."""
        asked = _asked(strategy, ticker, start, end, params, settings)
        return self.request("POST", "/api/backtests/tear-sheet", body=asked)

    def sweep(
        self,
        strategy: str,
        ticker: Optional[str] = None,
        start: Optional[Date] = None,
        end: Optional[Date] = None,
        *,
        params: Optional[Mapping[str, Any]] = None,
        score: str = "sharpe",
        wait: bool = True,
        frame: Optional[str] = None,
        **settings: Any,
    ) -> Sweep:
        """Searches a strategy's parameters: ``sweep("momentum", "AAPL", params={"shortWindow": range(5, 50)})``.

        A parameter is a number, a list, a ``range`` or ``{"from": 5, "to": 50, "step": 5}``. A token that may only read
        begins none. With ``wait=False`` it is answered as it begins; :meth:`find_sweep` tells how far it is.
        """
        spaces = {name: list(value) if isinstance(value, range) else value for name, value in (params or {}).items()}
        asked = {**_asked(strategy, ticker, start, end, spaces, settings), "score": score}
        sweep = Sweep(self.request("POST", "/api/sweeps", body=asked), self._chosen(frame))
        pause = 0.1
        while wait and sweep.state in ("queued", "running"):
            time.sleep(pause)
            pause = min(2.0, pause * 1.5)
            sweep = self.find_sweep(sweep.id, frame=frame)
        if wait and sweep.state != "success":
            why = sweep.raw["error"] or f"it is {sweep.state}"
            raise BarlineError(f"Sweep {sweep.id} found nothing: {why}.", code=sweep.state)
        return sweep

    def find_sweep(self, id: int, *, frame: Optional[str] = None) -> Sweep:
        """A sweep by its number: how far it is, and what it found."""
        return Sweep(self.request("GET", f"/api/sweeps/{int(id)}"), self._chosen(frame))

    def request(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Mapping[str, Any]] = None,
    ) -> Any:
        """Any call of the API, as ``/api/openapi.json`` describes them. What is None in ``query`` is left out."""
        with self._open(method, path, query, body) as answer:
            return json.load(answer)

    def _chosen(self, frame: Optional[str]) -> str:
        return self.frame if frame is None else _checked_frame(frame)

    def _open(
        self,
        method: str,
        path: str,
        query: Optional[Mapping[str, Any]] = None,
        body: Optional[Mapping[str, Any]] = None,
        accept: str = "application/json",
    ) -> Any:
        headers = {"Accept": accept, "User-Agent": "barline.py"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data = json.dumps(body, default=_text_of).encode()
            headers["Content-Type"] = "application/json"
        url = f"{self.url}{path}{_query_text(query or {})}"
        tries_left = self.retries
        while True:
            request = urllib.request.Request(url, data=data, headers=headers, method=method)
            try:
                return self._opener.open(request, timeout=self.timeout)
            except urllib.error.HTTPError as error:
                with error:
                    refused = _error_of(error)
                    pause = _pause_of(error.headers.get("Retry-After"))
                if error.code not in _NOT_NOW or tries_left == 0:
                    raise refused from None
                tries_left -= 1
                time.sleep(pause)
            except (urllib.error.URLError, OSError) as error:
                reason = getattr(error, "reason", error)
                raise BarlineError(f"{self.url} does not answer: {reason}", code="unreachable") from error


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The API redirects nowhere, and the token is nobody else's."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _asked(
    strategy: str,
    ticker: Optional[str],
    start: Optional[Date],
    end: Optional[Date],
    params: Optional[Mapping[str, Any]],
    settings: Mapping[str, Any],
) -> Row:
    asked = {"strategy": strategy, "ticker": ticker, "from": start, "to": end, "params": dict(params or {}), **settings}
    return {name: value for name, value in asked.items() if value is not None}


def _text_of(value: Any) -> Any:
    """Dates as ISO 8601 has them, and numbers of NumPy as numbers."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} is nothing that Barline can be asked with.")


def _query_text(query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else str(_plain(value))
        for name, value in given.items()
    }
    return f"?{urllib.parse.urlencode(texts)}" if texts else ""


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, float)) else _text_of(value)


def _error_of(error: urllib.error.HTTPError) -> BarlineError:
    try:
        said = json.loads(error.read())["error"]
        return BarlineError(
            said["message"],
            status=error.code,
            code=said["code"],
            field=said.get("field"),
            request_id=said.get("requestId"),
        )
    except (ValueError, KeyError, TypeError, OSError):
        return BarlineError(f"{error.url} answered {error.code}, and not as Barline does.", status=error.code)


def _pause_of(header: Optional[str]) -> float:
    """Seconds until the call is made again: a second where nothing is said, and no more than a minute."""
    try:
        seconds = float(header or 1)
    except ValueError:
        try:
            at = parsedate_to_datetime(str(header))
            seconds = (at - datetime.now(timezone.utc)).total_seconds()
        except (TypeError, ValueError):
            seconds = 1.0
    return min(_LONGEST_PAUSE_SECONDS, max(0.0, seconds))


def _is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def _checked_frame(frame: str) -> str:
    if frame == "auto":
        return next((name for name in ("pandas", "polars") if _is_installed(name)), "plain")
    if frame not in ("pandas", "polars", "plain"):
        raise ValueError(f'`frame` is "auto", "pandas", "polars" or "plain", and not {frame!r}.')
    if frame != "plain" and not _is_installed(frame):
        raise ValueError(f"{frame} is not installed here.")
    return frame


def _table(
    rows: List[Row], frame: str, columns: Sequence[str], dates: Sequence[str], floats: Sequence[str]
) -> Table:
    """Rows as what tables come as. Numbers that may be fractions are floats, also where all of them happen to be whole."""
    names = list(columns)
    if frame == "pandas":
        import pandas

        made = pandas.DataFrame(rows, columns=names)
        made[list(dates)] = made[list(dates)].apply(pandas.to_datetime)
        made[list(floats)] = made[list(floats)].astype("float64")
        return made
    if frame == "polars":
        import polars

        values = {name: [row.get(name) for row in rows] for name in names}
        return polars.DataFrame(
            [
                polars.Series(name, values[name], dtype=polars.Utf8).str.to_date()
                if name in dates
                else polars.Series(name, values[name], dtype=polars.Float64 if name in floats else None, strict=False)
                for name in names
            ]
        )
    kinds = {**{name: date.fromisoformat for name in dates}, **{name: float for name in floats}}
    return [{name: _as(kinds.get(name), row.get(name)) for name in names} for row in rows]


def _as(kind: Any, value: Any) -> Any:
    return value if kind is None or value is None else kind(value)
