import pytest

from jobs.operators import name_of

TRADES = "TableSourceScan(table=[[default_catalog, default_database, trades, metadata=[topic]]])"


@pytest.mark.parametrize(
    ("description", "name"),
    [
        (TRADES, "trades"),
        ("TableSourceScan(table=[[*anonymous_datastream_source$1*, watermark=[]]])", "to table"),
        ("PythonCalc(select=[decode_records(batch) AS f0])", "decode"),
        ("Correlate(invocation=[$UNNEST_ROWS$1($cor0.pieces)], select=[pieces])", "unnest pieces"),
        ("[2]:Calc(select=[payload, CAST(partition AS INTEGER) AS f0])", "select"),
        ("TableToDataStream(type=ROW<`payload` BYTES> NOT NULL, rowtime=false)", "to stream"),
        ("HashJoin(joinType=[InnerJoin])", None),
    ],
)
def test_an_operator_is_named_by_its_kind(description: str, name: str | None) -> None:
    assert name_of(description) == name
