"""FIX 4.2 as a table: the fields and the messages that Tapeline reads.

Source: The Financial Information Exchange Protocol, version 4.2 (May 2001 errata). In one place it
says more than its source: ExecType has F (Trade), which came with 4.3 and is sent in feeds of 4.2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

# Of each field its tag, name and type, and the values that it may have, where they are given. What
# is indented goes on with the line before.
_FIELDS = """
1   Account                String
6   AvgPx                  Price
7   BeginSeqNo             int
8   BeginString            String
9   BodyLength             int
10  CheckSum               String
11  ClOrdID                String
12  Commission             Amt
13  CommType               char         1 2 3
14  CumQty                 Qty
15  Currency               Currency
16  EndSeqNo               int
17  ExecID                 String
18  ExecInst               MultipleValueString 0 1 2 3 4 5 6 7 8 9 A B C D E F G I L M N O P R S T
  U V W
19  ExecRefID              String
20  ExecTransType          char         0 1 2 3
21  HandlInst              char         1 2 3
22  IDSource               String       1 2 3 4 5 6 7 8 9
23  IOIid                  String
29  LastCapacity           char         1 2 3 4
30  LastMkt                Exchange
31  LastPx                 Price
32  LastShares             Qty
34  MsgSeqNum              int
35  MsgType                String
36  NewSeqNo               int
37  OrderID                String
38  OrderQty               Qty
39  OrdStatus              char         0 1 2 3 4 5 6 7 8 9 A B C D E
40  OrdType                char         1 2 3 4 5 6 7 8 9 A B C D E F G H I P
41  OrigClOrdID            String
43  PossDupFlag            Boolean
44  Price                  Price
45  RefSeqNum              int
47  Rule80A                char         A B C D E F H I J K L M N O P R S T U W X Y Z
48  SecurityID             String
49  SenderCompID           String
50  SenderSubID            String
52  SendingTime            UTCTimestamp
54  Side                   char         1 2 3 4 5 6 7 8 9
55  Symbol                 String
56  TargetCompID           String
57  TargetSubID            String
58  Text                   String
59  TimeInForce            char         0 1 2 3 4 5 6
60  TransactTime           UTCTimestamp
63  SettlmntTyp            char         0 1 2 3 4 5 6 7 8 9
64  FutSettDate            LocalMktDate
65  SymbolSfx              String
66  ListID                 String
75  TradeDate              LocalMktDate
76  ExecBroker             String
77  OpenClose              char         C O
78  NoAllocs               int
79  AllocAccount           String
80  AllocShares            Qty
81  ProcessCode            char         0 1 2 3 4 5 6
89  Signature              data
90  SecureDataLen          Length
91  SecureData             data
93  SignatureLength        Length
95  RawDataLength          Length
96  RawData                data
97  PossResend             Boolean
98  EncryptMethod          int          0 1 2 3 4 5 6
99  StopPx                 Price
100 ExDestination          Exchange
102 CxlRejReason           int          0 1 2 3
103 OrdRejReason           int          0 1 2 3 4 5 6 7 8
106 Issuer                 String
107 SecurityDesc           String
108 HeartBtInt             int
109 ClientID               String
110 MinQty                 Qty
111 MaxFloor               Qty
112 TestReqID              String
113 ReportToExch           Boolean
114 LocateReqd             Boolean
115 OnBehalfOfCompID       String
116 OnBehalfOfSubID        String
117 QuoteID                String
119 SettlCurrAmt           Amt
120 SettlCurrency          Currency
121 ForexReq               Boolean
122 OrigSendingTime        UTCTimestamp
123 GapFillFlag            Boolean
126 ExpireTime             UTCTimestamp
128 DeliverToCompID        String
129 DeliverToSubID         String
140 PrevClosePx            Price
141 ResetSeqNumFlag        Boolean
142 SenderLocationID       String
143 TargetLocationID       String
144 OnBehalfOfLocationID   String
145 DeliverToLocationID    String
150 ExecType               char         0 1 2 3 4 5 6 7 8 9 A B C D E F
151 LeavesQty              Qty
152 CashOrderQty           Qty
155 SettlCurrFxRate        float
156 SettlCurrFxRateCalc    char
167 SecurityType           String       ? BA CB CD CMO CORP CP CPP CS FHA FHL FN FOR FUT GN GOVT
  IET MF MIO MPO MPP MPT MUNI NONE OPT PS RP RVRP SL TD USTB WAR ZOO
168 EffectiveTime          UTCTimestamp
192 OrderQty2              Qty
193 FutSettDate2           LocalMktDate
194 LastSpotRate           Price
195 LastForwardPoints      PriceOffset
198 SecondaryOrderID       String
200 MaturityMonthYear      month-year
201 PutOrCall              int          0 1
202 StrikePrice            Price
203 CoveredOrUncovered     int          0 1
204 CustomerOrFirm         int          0 1
205 MaturityDay            day-of-month
206 OptAttribute           char
207 SecurityExchange       Exchange
210 MaxShow                Qty
211 PegDifference          PriceOffset
212 XmlDataLen             Length
213 XmlData                data
223 CouponRate             float
231 ContractMultiplier     float
336 TradingSessionID       String
337 ContraTrader           String
347 MessageEncoding        String       EUC-JP ISO-2022-JP Shift_JIS UTF-8
348 EncodedIssuerLen       Length
349 EncodedIssuer          data
350 EncodedSecurityDescLen Length
351 EncodedSecurityDesc    data
354 EncodedTextLen         Length
355 EncodedText            data
369 LastMsgSeqNumProcessed int
370 OnBehalfOfSendingTime  UTCTimestamp
371 RefTagID               int
372 RefMsgType             String
373 SessionRejectReason    int          0 1 10 11 2 3 4 5 6 7 8 9
375 ContraBroker           String
376 ComplianceID           String
377 SolicitedFlag          Boolean
378 ExecRestatementReason  int          0 1 2 3 4 5
381 GrossTradeAmt          Amt
382 NoContraBrokers        int
383 MaxMessageSize         int
384 NoMsgTypes             int
385 MsgDirection           char         R S
386 NoTradingSessions      int
388 DiscretionInst         char         0 1 2 3 4 5
389 DiscretionOffset       PriceOffset
424 DayOrderQty            Qty
425 DayCumQty              Qty
426 DayAvgPx               Price
427 GTBookingInst          int          0 1 2
432 ExpireDate             LocalMktDate
434 CxlRejResponseTo       char         1 2
437 ContraTradeQty         Qty
438 ContraTradeTime        UTCTimestamp
439 ClearingFirm           String
440 ClearingAccount        String
442 MultiLegReportingType  char         1 2 3
"""

_INSTRUMENT = "65 48 22 167 200 205 201 202 206 231 223 207 106 348 349 107 350 351"

# Of each message its type, name and the tags of its body; "!": required; "78(79 80)": a repeating
# group, where 78 says how often the group comes and each time begins with 79.
_MESSAGES = f"""
0 Heartbeat       112
1 TestRequest     112!
2 ResendRequest   7! 16!
3 Reject          45! 371 372 373 58 354 355
4 SequenceReset   123 36!
5 Logout          58 354 355
A Logon           98! 108! 95 96 141 383 384(372 385)
D NewOrderSingle
  11! 109 76 1 78(79 80) 63 64 21! 18 110 111 100 386(336) 81 55! {_INSTRUMENT} 140 54! 114 60! 38
  152 40! 44 99 15 376 377 23 117 59 168 432 126 427 12 13 47 121 120 58 354 355 193 192 77 203 204
  210 211 388 389 439 440
F OrderCancelRequest
  41! 37 11! 66 1 109 76 55! {_INSTRUMENT} 54! 60! 38 152 376 377 58 354 355
G OrderCancelReplaceRequest
  37 109 76 41! 11! 66 1 78(79 80) 63 64 21! 18 110 111 100 386(336) 55! {_INSTRUMENT} 54! 60! 38
  152 40! 44 99 211 388 389 376 377 15 59 168 432 126 427 12 13 47 121 120 58 354 355 193 192 77 203
  204 210 114 439 440
8 ExecutionReport
  37! 198 11 41 109 76 382(375 337 437 438) 66 17! 20! 19 150! 39! 103 378 1 63 64 55! {_INSTRUMENT}
  54! 38 152 40 44 99 211 388 389 15 376 377 59 168 432 126 18 47 32 31 194 195 30 336 29 151! 14!
  6! 424 425 426 427 75 60 113 12 13 381 119 120 155 156 21 110 111 77 210 58 354 355 193 192 439
  440 442
9 OrderCancelReject
  37! 198 11! 41! 39! 109 76 66 1 60 434! 102 58 354 355
"""

_HEADER = (
    "8! 9! 35! 49! 56! 115 128 90 91 34! 50 142 57 143 116 144 129 145 43 97 52! 122 212 213 347"
    " 369 370"
)
_TRAILER = "93 89 10!"

POSS_DUP, SENT, FIRST_SENT = 43, 52, 122
"""A message that may be a copy (PossDupFlag) says when it was sent first (OrigSendingTime), which
is not after this time (SendingTime)."""

SESSION = "012345A"
"""The types of messages that keep a session going, and say nothing of the market."""

NOT_READ = {
    "6": "IOI",
    "7": "Advertisement",
    "B": "News",
    "C": "Email",
    "E": "NewOrderList",
    "H": "OrderStatusRequest",
    "J": "Allocation",
    "K": "ListCancelRequest",
    "L": "ListExecute",
    "M": "ListStatusRequest",
    "N": "ListStatus",
    "P": "AllocationInstructionAck",
    "Q": "DontKnowTrade",
    "R": "QuoteRequest",
    "S": "Quote",
    "T": "SettlementInstructions",
    "V": "MarketDataRequest",
    "W": "MarketDataSnapshotFullRefresh",
    "X": "MarketDataIncrementalRefresh",
    "Y": "MarketDataRequestReject",
    "Z": "QuoteCancel",
    "a": "QuoteStatusRequest",
    "b": "QuoteAcknowledgement",
    "c": "SecurityDefinitionRequest",
    "d": "SecurityDefinition",
    "e": "SecurityStatusRequest",
    "f": "SecurityStatus",
    "g": "TradingSessionStatusRequest",
    "h": "TradingSessionStatus",
    "i": "MassQuote",
    "j": "BusinessMessageReject",
    "k": "BidRequest",
    "l": "BidResponse",
    "m": "ListStrikePrice",
}
"""The other types of FIX 4.2, with their names."""

LAST_TAG = 446
_NEVER_DEFINED = {101, *range(220, 262)} - {223, 231}


@dataclass(frozen=True, slots=True)
class Field:
    """What FIX says of a tag."""

    tag: int
    name: str
    type: str
    values: tuple[str, ...]
    """Those that it may have; none given: any of its type."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The tags of a message's body, or of the header or the trailer."""

    name: str
    required: set[int] = field(default_factory=set)
    tags: set[int] = field(default_factory=set)
    """All, but for those inside groups."""
    groups: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """By the tag that counts them, the tags of a group; each time it begins with the first."""


def is_defined(tag: int) -> bool:
    """Whether FIX 4.2 gives the tag a meaning, be it in messages that are not read here."""
    return 1 <= tag <= LAST_TAG and tag not in _NEVER_DEFINED


def _rows(table: str) -> Iterator[list[str]]:
    return map(str.split, table.strip().replace("\n  ", " ").splitlines())


def _fields() -> dict[int, Field]:
    return {
        int(tag): Field(int(tag), name, kind, (*values,))
        for tag, name, kind, *values in _rows(_FIELDS)
    }


def _layout(name: str, words: list[str]) -> Layout:
    layout = Layout(name)
    counter = 0  # of the group that the words are in; 0: in none
    for word in words:
        count, opens, last = word.rpartition("(")
        if opens:
            counter = int(count)
            layout.tags.add(counter)
        tag = int(last.rstrip("!)"))
        if counter:
            layout.groups[counter] = (*layout.groups.get(counter, ()), tag)
        else:
            layout.tags.add(tag)
        if last.endswith("!"):
            layout.required.add(tag)
        if last.endswith(")"):
            counter = 0
    return layout


def _messages() -> dict[str, Layout]:
    return {type: _layout(name, tags) for type, name, *tags in _rows(_MESSAGES)}


FIELDS = _fields()
"""Every field of the messages read, by tag."""
MESSAGES = _messages()
"""Every message read, by its type."""
HEADER, TRAILER = _layout("header", _HEADER.split()), _layout("trailer", _TRAILER.split())
