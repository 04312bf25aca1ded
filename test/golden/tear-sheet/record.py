"""Measures curves of equity, given as JSON, with QuantStats and empyrical; what neither means as we do, by its formula.

What stands under "quantstats" and "empyrical" comes from a call of that library alone; under "formula" is what
server/backtest/tear-sheet/definitions.ts says in words, in pandas. Called by record.ts.
"""

import json
import sys
import warnings

import empyrical
import numpy as np
import pandas as pd
import quantstats.stats as qs
from dateutil.relativedelta import relativedelta

warnings.filterwarnings("ignore")


def returns_of(equity, dates, capital):
    values = np.array([capital, *equity])
    return pd.Series(values[1:] / values[:-1] - 1, index=pd.DatetimeIndex(dates))


def by_quantstats(returns, rate):
    underwater = qs.to_drawdown_series(returns)
    drawdowns = qs.drawdown_details(underwater)
    raw = dict(prepare_returns=False)
    return {
        "totalReturn": qs.comp(returns),
        "cagr": qs.cagr(returns, 0.0, True, 252),
        "sharpe": qs.sharpe(returns, rate),
        "probabilisticSharpe": qs.probabilistic_sharpe_ratio(returns, rate, 252),
        "smartSharpe": qs.smart_sharpe(returns, rate),
        "sortino": qs.sortino(returns, rate),
        "smartSortino": qs.smart_sortino(returns, rate),
        "adjustedSortino": qs.sortino(returns, rate) / np.sqrt(2),
        "smartAdjustedSortino": qs.smart_sortino(returns, rate) / np.sqrt(2),
        "omega": qs.omega(returns, rate),
        "volatility": qs.volatility(returns, **raw),
        "calmar": qs.calmar(returns, **raw),
        "skew": qs.skew(returns, **raw),
        "kurtosis": qs.kurtosis(returns, **raw),
        "ulcerPerformance": qs.ulcer_performance_index(returns, rate),
        "riskReturn": qs.risk_return_ratio(returns, **raw),
        "valueAtRisk": qs.var(returns, **raw),
        "conditionalValueAtRisk": qs.cvar(returns, **raw),
        "averageReturn": qs.avg_return(returns, **raw),
        "averageWin": qs.avg_win(returns, **raw),
        "averageLoss": qs.avg_loss(returns, **raw),
        "payoffRatio": qs.payoff_ratio(returns, **raw),
        "profitRatio": qs.profit_ratio(returns, **raw),
        "dailyProfitFactor": qs.profit_factor(returns, **raw),
        "gainToPain": qs.gain_to_pain_ratio(returns, rate),
        "dailyKelly": qs.kelly_criterion(returns, **raw),
        "riskOfRuin": qs.risk_of_ruin(returns, **raw),
        "winDays": qs.win_rate(returns, **raw),
        "consecutiveWins": qs.consecutive_wins(returns),
        "consecutiveLosses": qs.consecutive_losses(returns),
        "cpcIndex": qs.cpc_index(returns, **raw),
        "tailRatio": qs.tail_ratio(returns, **raw),
        "commonSenseRatio": qs.common_sense_ratio(returns, **raw),
        "outlierWin": qs.outlier_win_ratio(returns, **raw),
        "outlierLoss": qs.outlier_loss_ratio(returns, **raw),
        "maxDrawdown": qs.max_drawdown(returns),
        "longestDrawdown": drawdowns["days"].max(),
        "averageDrawdown": drawdowns["max drawdown"].mean() / 100,
        "averageDrawdownDays": drawdowns["days"].mean(),
        "ulcerIndex": qs.ulcer_index(returns),
        "serenityIndex": qs.serenity_index(returns, rate),
        "expectedDaily": qs.expected_return(returns, **raw),
        "expectedMonthly": qs.expected_return(returns, aggregate="ME", **raw),
        "expectedYearly": qs.expected_return(returns, aggregate="YE", **raw),
        "bestDay": qs.best(returns, **raw),
        "worstDay": qs.worst(returns, **raw),
        "bestMonth": qs.best(returns, aggregate="ME", **raw),
        "worstMonth": qs.worst(returns, aggregate="ME", **raw),
        "bestYear": qs.best(returns, aggregate="YE", **raw),
        "worstYear": qs.worst(returns, aggregate="YE", **raw),
        "averageUpMonth": qs.avg_win(returns, aggregate="ME", **raw),
        "averageDownMonth": qs.avg_loss(returns, aggregate="ME", **raw),
        "winMonths": qs.win_rate(returns, aggregate="ME", **raw),
        "winQuarters": qs.win_rate(returns, aggregate="QE", **raw),
        "winYears": qs.win_rate(returns, aggregate="YE", **raw),
        "monthToDate": qs.comp(returns[returns.index >= returns.index[-1].replace(day=1)]),
        "yearToDate": qs.comp(returns[returns.index >= returns.index[-1].replace(month=1, day=1)]),
    }


def by_empyrical(returns, rate):
    free = (1 + rate) ** (1 / 252) - 1
    return {
        "totalReturn": empyrical.cum_returns_final(returns),
        "cagr": empyrical.cagr(returns),
        "sharpe": empyrical.sharpe_ratio(returns, free),
        "sortino": empyrical.sortino_ratio(returns, free),
        "omega": empyrical.omega_ratio(returns, free, 0.0),
        "volatility": empyrical.annual_volatility(returns),
        "calmar": empyrical.calmar_ratio(returns),
        "historicalValueAtRisk": empyrical.value_at_risk(returns),
        "historicalConditionalValueAtRisk": empyrical.conditional_value_at_risk(returns),
        "tailRatio": empyrical.tail_ratio(returns),
        "maxDrawdown": empyrical.max_drawdown(returns),
        "bestMonth": empyrical.aggregate_returns(returns, "monthly").max(),
        "worstYear": empyrical.aggregate_returns(returns, "yearly").min(),
    }


def by_formula(returns, rate, exposure):
    wealth = (1 + returns).cumprod()
    total = wealth.iloc[-1] - 1
    last = returns.index[-1]
    monthly = empyrical.aggregate_returns(returns, "monthly")

    def since(months, annual=False):
        before = wealth[wealth.index <= last - relativedelta(months=months)]
        if len(before) == 0:
            return np.nan
        change = wealth.iloc[-1] / before.iloc[-1]
        return change ** (252 / (len(wealth) - len(before)) if annual else 1) - 1

    growth = (1 + total) ** (252 / len(returns)) - 1
    return {
        "exposure": exposure,
        "riskAdjustedReturn": growth / exposure,
        "recoveryFactor": total / abs(empyrical.max_drawdown(returns)),
        "monthlyGainToPain": monthly.sum() / abs(monthly[monthly < 0].sum()),
        "threeMonths": since(3),
        "sixMonths": since(6),
        "oneYear": since(12),
        "threeYears": since(36, True),
        "fiveYears": since(60, True),
        "tenYears": since(120, True),
    }


def relative(returns, other, rate):
    free = (1 + rate) ** (1 / 252) - 1
    beta = empyrical.beta(returns, other, free)
    growth = empyrical.annual_return(returns)
    return {
        "quantstats": {
            "beta": qs.greeks(returns, other, prepare_returns=False)["beta"],
            "correlation": returns.corr(other),
            "rSquared": qs.r_squared(returns, other, prepare_returns=False),
            "informationRatio": qs.information_ratio(returns, other, prepare_returns=False),
        },
        "empyrical": {
            "beta": beta,
            "alpha": empyrical.alpha(returns, other, free),
            "informationRatio": empyrical.excess_sharpe(returns, other),
        },
        "formula": {"treynor": (growth - rate) / beta},
    }


def spread(values):
    low, high = values.quantile(0.25), values.quantile(0.75)
    reach = 1.5 * (high - low)
    return {
        "count": len(values),
        "mean": values.mean(),
        "lowest": values.min(),
        "q5": values.quantile(0.05),
        "q25": low,
        "median": values.median(),
        "q75": high,
        "q95": values.quantile(0.95),
        "highest": values.max(),
        "outliers": int(((values < low - reach) | (values > high + reach)).sum()),
    }


def distributions(returns):
    def compounded(rule):
        return returns.resample(rule).apply(lambda part: qs.comp(part) if len(part) else np.nan).dropna()

    rules = {"week": "W-SUN", "month": "ME", "quarter": "QE", "year": "YE"}
    return {"day": spread(returns), **{span: spread(compounded(rule)) for span, rule in rules.items()}}


def drawdowns(returns):
    """With the session that reached the peak again, which QuantStats does not tell."""
    details = qs.drawdown_details(qs.to_drawdown_series(returns))
    worst = details.sort_values(by="max drawdown", kind="stable")[:10]
    after = dict(zip(returns.index[:-1].strftime("%Y-%m-%d"), returns.index[1:].strftime("%Y-%m-%d")))
    underwater = qs.to_drawdown_series(returns)
    rows = []
    for row in worst.itertuples():
        is_open = underwater.iloc[-1] < 0 and row.end == returns.index[-1].strftime("%Y-%m-%d")
        rows.append(
            {
                "start": row.start,
                "valley": row.valley,
                "end": row.end,
                "recovery": None if is_open else after[row.end],
                "days": row.days,
                "depth": row[5] / 100,
            }
        )
    return rows


def rolling(returns, other, rate, step):
    every = slice(None, None, step)
    return {
        "sharpe": qs.rolling_sharpe(returns, rate)[every],
        "volatility": qs.rolling_volatility(returns)[every],
        "beta": qs.rolling_greeks(returns, other, 126)["beta"][every],
    }


def curve(returns, rate, exposure):
    return {
        "quantstats": by_quantstats(returns, rate),
        "empyrical": by_empyrical(returns, rate),
        "formula": by_formula(returns, rate, exposure),
        "distributions": distributions(returns),
        "drawdowns": drawdowns(returns),
        "months": list(empyrical.aggregate_returns(returns, "monthly")),
        "years": list(empyrical.aggregate_returns(returns, "yearly")),
    }


def plain(value):
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, pd.Series)):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


asked = json.load(sys.stdin)
measured = []
for given in asked["curves"]:
    rate, capital = given["riskFree"], given["capital"]
    own = returns_of(given["equity"], given["dates"], capital)
    other = returns_of(given["reference"], given["dates"], capital)
    measured.append(
        {
            "name": given["name"],
            "run": curve(own, rate, 0.5),
            "benchmark": curve(other, rate, 1.0),
            "relative": relative(own, other, rate),
            "rolling": rolling(own, other, rate, asked["rollingStep"]),
        }
    )
lines = ",\n".join(
    "{" + ",\n ".join(f"{json.dumps(name)}: {json.dumps(plain(part))}" for name, part in one.items()) + "}" for one in measured
)
print(f"[{lines}]")
