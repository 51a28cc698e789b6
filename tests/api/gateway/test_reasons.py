"""The gateway's reasons are the pipeline's."""

from api.gateway import reasons
from api.gateway.trade import FIELDS
from udfs import scanner
from udfs.reasons import Field, Reason, detail

OF_CSV = {"malformed_row"}
OF_MESSAGES = {Reason.EMPTY_MESSAGE, Reason.TOO_MANY_RECORDS}  # a row is one record


def test_the_codes_are_those_of_the_pipeline_for_a_trade_in_their_order() -> None:
    of_trades = [each for each in Reason if each < Reason.INTERNAL_ERROR]
    expected = [each.code for each in of_trades if each not in OF_MESSAGES]
    assert [each for each in reasons.REASONS if each not in OF_CSV] == expected


def test_the_sentences_are_those_of_the_pipeline_where_they_are_of_a_trade() -> None:
    faults = [each for each in vars(reasons).values() if isinstance(each, reasons.Fault)]
    assert {each.reason for each in faults} | OF_CSV | {"missing_field", "wrong_type"} == set(
        reasons.REASONS
    )
    other = {"message_too_large", "timestamp_ahead"}  # of a row, and of the clock
    for fault in faults:
        if fault.reason not in other:
            assert fault.detail == detail(Reason[fault.reason.upper()], Field.NONE)


def test_the_fields_are_judged_in_the_pipelines_order() -> None:
    expected = tuple(field.name.lower() for field in Field if field is not Field.NONE)
    assert FIELDS == tuple(reasons.TYPES) == expected


def test_the_bounds_are_those_of_the_pipeline() -> None:
    from api.gateway import trade

    names = [
        *("MAX_SYMBOL_LENGTH", "MAX_TRADE_ID_LENGTH", "MAX_EXCHANGE_LENGTH", "OLDEST_MS"),
        *("MIN_VALUE", "MAX_VALUE", "MAX_NOTIONAL"),
    ]
    for name in names:
        assert getattr(trade, name) == getattr(scanner, name)
    assert trade.MAX_ROW_BYTES == scanner.MAX_MESSAGE_BYTES
