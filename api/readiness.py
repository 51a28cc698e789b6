"""Whether the service may be asked for candles."""

from dataclasses import dataclass

from api.reader import Reading

SILENCE_MS = 5_000  # from here on a broker that does not answer counts as gone


@dataclass(frozen=True, slots=True)
class Readiness:
    """The reasons why the service is not ready, none if it is.

    ``freshness_ms`` is the age of the newest update of any candle; None before the first.
    """

    reasons: list[str]
    freshness_ms: int | None


def judge(reading: Reading, updated_at: int | None, now: int, stale_after_ms: int) -> Readiness:
    """Judge by how the reading stands and the newest update of any candle; all times in ms.

    A ``stale_after_ms`` of 0 never calls the candles stale: for markets that close.
    """
    reasons = []
    freshness = None if updated_at is None else max(0, now - updated_at)
    if reading.trouble:
        reasons.append(f"the broker is away: {reading.trouble}")
    elif reading.answered_at is None:
        reasons.append("the broker has not answered yet")
    elif now - reading.answered_at > SILENCE_MS:
        reasons.append(f"the broker has not answered for {now - reading.answered_at} ms")
    reasons += [f"topic {topic} does not exist" for topic in reading.missing]
    if not reading.caught_up and not reasons:
        reasons.append(f"{sum(reading.lag.values())} messages of the past are still to be read")
    if stale_after_ms:
        if freshness is None:
            reasons.append("no candle has come yet")
        elif freshness > stale_after_ms:
            reasons.append(f"the newest candle is {freshness} ms old, over {stale_after_ms} ms")
    return Readiness(reasons, freshness)
