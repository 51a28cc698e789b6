"""Which addresses a webhook may be at: those of the public internet."""

from ipaddress import (
    IPv4Address,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

_GLOBAL_UNICAST = IPv6Network("2000::/3")  # the only part of IPv6 that is given out
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an address of IPv4
# Not private by name, but nobody's to be reached, and not known to every Python as such.
_SPECIAL = (
    ip_network("192.0.0.0/24"),  # IETF assignments, RFC 6890
    ip_network("192.88.99.0/24"),  # relays of 6to4, RFC 7526
    ip_network("2001::/23"),  # IETF assignments, Teredo among them
    ip_network("3fff::/20"),  # documentation, RFC 9637
)


def is_public(text: str) -> bool:
    """Whether this is an address of the public internet.

    False of private, shared, loopback, link-local, multicast, reserved, unspecified and
    documentation addresses, of those that carry such an address of IPv4 inside (mapped, 6to4,
    NAT64), and of a text that is no address.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        # What Python says of 6to4 as such differs from version to version.
        inner = address.ipv4_mapped or _behind_nat64(address) or address.sixtofour
        if inner is not None:
            return not address.scope_id and _is_public(inner)
        if address.scope_id or address not in _GLOBAL_UNICAST:
            return False
    return _is_public(address)


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address in network for network in _SPECIAL)
