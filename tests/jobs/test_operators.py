import pytest

from jobs.operators import name_of

TRADES = "TableSourceScan(table=[[default_catalog, default_database, trades, metadata=[topic]]])"
WINDOW = "GlobalWindowAggregate(groupBy=[symbol], window=[{}(slice_end=[$slice_end], {}=[{}])])"


@pytest.mark.parametrize(
    ("description", "name"),
    [
        (TRADES, "trades"),
        ("TableSourceScan(table=[[*anonymous_datastream_source$1*, watermark=[]]])", "to table"),
        ("PythonCalc(select=[decode_trades(payload, f0, f1) AS f0])", "decode trades"),
        (WINDOW.format("TUMBLE", "size", "10 s"), "candles 10s"),
        (WINDOW.format("TUMBLE", "size", "1 min"), "candles 1m"),
        ("Local" + WINDOW.format("CUMULATE", "max_size", "4 h")[6:], "pre-aggregate 4h"),
        ("Sink(table=[default_catalog.default_database.candles], fields=[symbol])", "candles"),
        ("Calc(select=[payload, CAST(partition AS INTEGER) AS f0])", "select"),
        ("HashJoin(joinType=[InnerJoin])", None),
    ],
)
def test_an_operator_is_named_by_its_kind_and_window(description: str, name: str | None) -> None:
    assert name_of(description) == name
