"""What both clients can be asked."""

from . import questions
from .question import Call


class Methods:
    """The questions as methods."""

    health = Call(questions.health)
    symbols = Call(questions.symbols)
    candles = Call(questions.candles)
    filled_candles = Call(questions.filled_candles)
    aggregations = Call(questions.aggregations)
    order_flow = Call(questions.order_flow)
    book = Call(questions.book)
    indicators = Call(questions.indicators)
    trends = Call(questions.trends)
    anomalies = Call(questions.anomalies)
    quality = Call(questions.quality)
    outages = Call(questions.outages)
    late = Call(questions.late)
    correlations = Call(questions.correlations)
    alerts = Call(questions.alerts)
    dead_letters = Call(questions.dead_letters)
    ledger = Call(questions.ledger)
    jobs = Call(questions.jobs)
    job = Call(questions.job)
    hooks = Call(questions.hooks)
