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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Union

__all__ = ["Backtest", "Barline", "BarlineError", "Sweep"]

Date = Union[str, date]
Row = dict[str, Any]
#: A pandas or Polars frame, or a list of dicts.
Table = Any

#: Answers that say "not now": nothing was done, so that the call may be made again, whatever it is.
_NOT_NOW = (429, 503)
_BAR_COLUMNS = ("date", "ticker", "open", "high", "low", "close", "volume", "vwap")
_TRADE_COLUMNS = ("entryDate", "entryPrice", "exitDate", "exitPrice", "shares", "profit", "return", "reason")
_FACTS = "fct_polygon__stock_bars_performance"
_LONGEST_PAUSE_SECONDS = 60.0
#: What the API takes at once.
_TICKERS_AT_ONCE = 500
_PAGE_ROWS = 10_000
#: How often rows or files are read anew, where another build is published meanwhile.
_READINGS = 5
#: How long files of builds before stay in the cache: a scan that was begun may still read them.
_KEPT_SECONDS = 24 * 3600


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
        status: int | None = None,
        code: str | None = None,
        field: str | None = None,
        request_id: str | None = None,
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
    def metrics(self) -> dict[str, float | None]:
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
        token: str | None = None,
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
        ticker: str | Sequence[str],
        start: Date | None = None,
        end: Date | None = None,
        *,
        adjusted: bool = True,
        exact: bool = False,
        frame: str | None = None,
    ) -> Table:
        """Daily bars of a ticker, oldest first; of a list of tickers in its order, each row with what was ``asked`` for.

        ``start`` and ``end`` are inclusive. Adjusted for splits, or as the vendor stated them. Bars are those of the
        security that holds the ticker, under whatever label it had; ``exact`` gives those of the label alone.
        """
        query = {"from": start, "to": end, "adjusted": None if adjusted else False, "label": "exact" if exact else None}
        floats = _BAR_COLUMNS[2:]
        if isinstance(ticker, str):
            path = f"/api/bars/{urllib.parse.quote(ticker, safe='')}"
            return _table(self.request("GET", path, query), self._chosen(frame), _BAR_COLUMNS, ["date"], floats)
        rows = self._pages("/api/bars", "bars", ticker, query)
        return _table(rows, self._chosen(frame), ("asked", *_BAR_COLUMNS), ["date"], floats)

    def facts(
        self,
        ticker: str | Sequence[str],
        columns: Sequence[str],
        start: Date | None = None,
        end: Date | None = None,
        *,
        exact: bool = False,
        frame: str | None = None,
    ) -> Table:
        """Any columns by ticker and session: ``facts(["AAPL", "MSFT"], ["close_price", "rsi_14"], "2024-01-01")``.

        Columns are those of the fact table, ratios such as ``distance_from_avg_200d``, and of your own models as
        ``model.column``. Each row has what was ``asked`` for, the ``ticker`` of that session, and ``trade_date``. For a
        whole market read :meth:`lake`.
        """
        names = [columns] if isinstance(columns, str) else list(columns)
        query = {"columns": ",".join(names), "from": start, "to": end, "label": "exact" if exact else None}
        rows = self._pages("/api/facts", "facts", [ticker] if isinstance(ticker, str) else ticker, query)
        keys = ("asked", "ticker", "trade_date")
        others = [name for name in names if name not in keys]
        numbers = [name for name in others if all(_is_number(row.get(name)) for row in rows)]
        return _table(rows, self._chosen(frame), (*keys, *others), ["trade_date"], numbers)

    def lake(
        self,
        table: str = _FACTS,
        *,
        years: Iterable[int] | None = None,
        engine: str = "auto",
        root: str | Path | None = None,
        cache: str | Path | None = None,
    ) -> Any:
        """A scan of a table's current Parquet build: a DuckDB relation, or a lazy Polars frame.

        Over the files that :meth:`lake_files` names. ``years`` takes those alone. ``engine`` is ``"duckdb"``,
        ``"polars"`` or ``"auto"``: the first of them that is installed.
        """
        chosen = _checked_engine(engine)
        places = self.lake_files(table, years=years, root=root, cache=cache)
        is_by_year = any("/year=" in place.replace(os.sep, "/") for place in places)
        if chosen == "duckdb":
            import duckdb

            return duckdb.read_parquet(places, hive_partitioning=is_by_year)
        import polars

        return polars.scan_parquet(places, hive_partitioning=is_by_year)

    def lake_files(
        self,
        table: str = _FACTS,
        *,
        years: Iterable[int] | None = None,
        root: str | Path | None = None,
        cache: str | Path | None = None,
    ) -> list[str]:
        """The Parquet files of a table's current build, for whatever reads them: ``spark.read.parquet(*lake_files())``.

        They are fetched from Barline into ``cache`` (``~/.cache/barline`` where left out), those that are not there yet,
        and their checksums compared. ``root`` names them where they are instead: the lake's folder on this machine, or
        ``s3://bucket`` with the reader's own credentials.
        """
        wanted = None if years is None else set(years)
        if root is None:
            return self._fetched(table, self._listed(table), wanted, cache)
        if "://" in str(root):
            listed = self._listed(table)
        else:
            listed = json.loads((Path(root) / "marts" / table / "_current.json").read_text("utf-8"))
        return [f"{str(root).rstrip('/')}/{file['key']}" for file in _files_of(listed, wanted)]

    def screen(
        self,
        *,
        date: Date | None = None,
        columns: Sequence[str] | None = None,
        sort: str | None = None,
        limit: int = 100,
        frame: str | None = None,
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
        ticker: str | None = None,
        start: Date | None = None,
        end: Date | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        frame: str | None = None,
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
        ticker: str | None = None,
        start: Date | None = None,
        end: Date | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Row:
        """Runs a strategy as :meth:`backtest` does, and measures the run as QuantStats' full report does."""
        asked = _asked(strategy, ticker, start, end, params, settings)
        return self.request("POST", "/api/backtests/tear-sheet", body=asked)

    def sweep(
        self,
        strategy: str,
        ticker: str | None = None,
        start: Date | None = None,
        end: Date | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        score: str = "sharpe",
        wait: bool = True,
        frame: str | None = None,
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

    def find_sweep(self, id: int, *, frame: str | None = None) -> Sweep:
        """A sweep by its number: how far it is, and what it found."""
        return Sweep(self.request("GET", f"/api/sweeps/{int(id)}"), self._chosen(frame))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Any call of the API, as ``/api/openapi.json`` describes them. What is None in ``query`` is left out."""
        with self._open(method, path, query, body) as answer:
            return json.load(answer)

    def _pages(self, path: str, key: str, tickers: Iterable[str], query: Mapping[str, Any]) -> list[Row]:
        """All rows of all pages, of one build: where another is published in between, they are read again."""
        asked = list(dict.fromkeys(tickers))
        for _ in range(_READINGS):
            rows: list[Row] = []
            builds = set()
            try:
                for page in self._each_page(path, asked, query):
                    builds.add(page["build"])
                    rows.extend(page[key])
            except BarlineError as error:
                if error.status != 410:
                    raise
                continue
            if len(builds) <= 1:
                return rows
        raise BarlineError("Another build was published each time while this was read. Ask for fewer tickers at once.")

    def _each_page(self, path: str, tickers: list[str], query: Mapping[str, Any]) -> Iterator[Row]:
        for first in range(0, len(tickers), _TICKERS_AT_ONCE):
            names = ",".join(tickers[first : first + _TICKERS_AT_ONCE])
            cursor = None
            while True:
                page = self.request("GET", path, {"tickers": names, **query, "limit": _PAGE_ROWS, "cursor": cursor})
                yield page
                cursor = page["next"]
                if cursor is None:
                    break

    def _listed(self, table: str) -> Row:
        try:
            path = f"/export/files/marts/{urllib.parse.quote(table, safe='')}/_current.json"
            return self.request("GET", path)
        except BarlineError as error:
            if error.status != 404:
                raise
            why = f"No build of {table} is in the lake. {self.url}/export turns the export on, and lists its tables."
            raise BarlineError(why, status=404, code="not_found", field="table") from None

    def _fetched(self, table: str, listed: Row, years: set[int] | None, cache: str | Path | None) -> list[str]:
        """Where the files of a build are on this machine, fetched where they are not."""
        home = Path(cache) if cache is not None else _cache_home(self.url)
        tries_left = _READINGS
        while True:
            try:
                places = [self._fetch(file, home / file["key"]) for file in _files_of(listed, years)]
            except BarlineError as error:
                tries_left -= 1
                # Only files of the current build are given away; another has been published since it was listed.
                if error.status != 404 or tries_left == 0:
                    raise
                listed.update(self._listed(table))
                continue
            _remove_old(home / "marts" / table, {home / file["key"] for file in _files_of(listed, None)})
            return [str(place) for place in places]

    def _fetch(self, file: Row, place: Path) -> Path:
        if place.exists() and place.stat().st_size == file["bytes"]:
            return place
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}.part")
        digest = hashlib.sha256()
        path = f"/export/files/{urllib.parse.quote(file['key'])}"
        try:
            with self._open("GET", path, accept="*/*") as answer, part.open("wb") as written:
                for chunk in iter(lambda: answer.read(1 << 20), b""):
                    digest.update(chunk)
                    written.write(chunk)
            if digest.hexdigest() != file["sha256"]:
                raise BarlineError(f"{file['key']} arrived otherwise than it was written. Ask again.", code="broken")
            os.replace(part, place)
        finally:
            part.unlink(missing_ok=True)
        return place

    def _chosen(self, frame: str | None) -> str:
        return self.frame if frame is None else _checked_frame(frame)

    def _open(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
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
    ticker: str | None,
    start: Date | None,
    end: Date | None,
    params: Mapping[str, Any] | None,
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
    if error.code == 303 and "/sign-in" in (error.headers.get("Location") or ""):
        why = "Barline has a password. Give an API token, which is made on its System page, or the password as `token`."
        return BarlineError(why, status=401, code="unauthorized")
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


def _pause_of(header: str | None) -> float:
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


def _files_of(listed: Row, years: set[int] | None) -> list[Row]:
    return [
        file
        for part in listed["partitions"]
        if years is None or part["year"] is None or part["year"] in years
        for file in part["files"]
    ]


def _cache_home(url: str) -> Path:
    """Of each Barline its own, as their lakes name files alike."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "barline" / hashlib.sha256(url.encode()).hexdigest()[:16]


def _remove_old(folder: Path, needed: set[Path]) -> None:
    for place in folder.rglob("*.parquet"):
        if place not in needed and time.time() - place.stat().st_mtime > _KEPT_SECONDS:
            place.unlink(missing_ok=True)


def _checked_engine(engine: str) -> str:
    if engine not in ("auto", "duckdb", "polars"):
        raise ValueError(f'`engine` is "auto", "duckdb" or "polars", and not {engine!r}.')
    found = next((name for name in ("duckdb", "polars") if engine in ("auto", name) and _is_installed(name)), None)
    if found is None:
        raise ValueError(
            f"{'Neither DuckDB nor Polars is' if engine == 'auto' else f'{engine} is not'} installed here."
        )
    return found


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


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


def _table(rows: list[Row], frame: str, columns: Sequence[str], dates: Sequence[str], floats: Sequence[str]) -> Table:
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
    kinds = {**dict.fromkeys(dates, date.fromisoformat), **dict.fromkeys(floats, float)}
    return [{name: _as(kinds.get(name), row.get(name)) for name in names} for row in rows]


def _as(kind: Any, value: Any) -> Any:
    return value if kind is None or value is None else kind(value)
