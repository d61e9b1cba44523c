"""FFmpeg's names of what a stream states about its colours and fields, by the numbers that PyAV gives."""

from slateboard.records.media import FieldOrder

UNKNOWN = "unknown"

# ITU-T H.273, tables 2 and 3, by the names of libavutil (pixdesc.c).
_TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
# AVFieldOrder: which field is shown first, whichever is coded first (TB, BT).
_FIELD_ORDERS: dict[int, FieldOrder] = {
    1: "progressive", 2: "top_first", 3: "bottom_first", 4: "bottom_first", 5: "top_first",
}  # fmt: skip


def transfer_name(*numbers: int) -> str:
    """Return the transfer of the first number that states one."""
    return next((_TRANSFERS[number] for number in numbers if number in _TRANSFERS), UNKNOWN)


def primaries_name(*numbers: int) -> str:
    """Return the primaries of the first number that states some."""
    return next((_PRIMARIES[number] for number in numbers if number in _PRIMARIES), UNKNOWN)


def field_order_name(number: int, *, codec: str, is_interlaced: bool) -> FieldOrder:
    """Return the order of fields by the stream's number, and by whether its first picture is made of two fields."""
    order = _FIELD_ORDERS.get(number, "unknown")
    if not is_interlaced or order not in ("progressive", "unknown"):
        return order
    # Where an order is not stated, players take the top field first; DV has the bottom one (IEC 61834-2).
    return "bottom_first" if codec == "dvvideo" else "top_first"
