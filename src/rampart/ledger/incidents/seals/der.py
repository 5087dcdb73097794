"""Reading DER (ITU-T X.690): definite lengths and low tag numbers, which is all that time stamps are made of."""

from dataclasses import dataclass

from rampart.errors import DecodeError


@dataclass(frozen=True, slots=True)
class Node:
    """One value.

    Parameters
    ----------
    tag : int
        The identifier octet, e.g. 0x30 for a sequence.
    content : bytes
        Without tag and length.
    whole : bytes
        With both.
    """

    tag: int
    content: bytes
    whole: bytes

    def parts(self) -> list["Node"]:
        """The values that it is made of.

        Raises
        ------
        DecodeError
            If these are no whole values.
        """
        found, at = [], 0
        while at < len(self.content):
            node = read(self.content, at)
            found.append(node)
            at += len(node.whole)
        return found

    def find(self, tag: int) -> "Node | None":
        """The first of its parts with this tag."""
        return next((part for part in self.parts() if part.tag == tag), None)


def read(octets: bytes, at: int = 0) -> Node:
    """The value that begins at an octet.

    Raises
    ------
    DecodeError
        If it is not whole, or of a form that DER has not.

    Examples
    --------
    >>> read(bytes.fromhex("0203010001")).content.hex()
    '010001'
    """
    if at + 2 > len(octets):
        raise DecodeError("ends within a value")
    tag, size, begin = octets[at], octets[at + 1], at + 2
    if tag & 0x1F == 0x1F or size == 0x80:
        raise DecodeError("is no DER")
    if size > 0x80:
        more = size & 0x7F
        size, begin = int.from_bytes(octets[begin : begin + more], "big"), begin + more
        if more > 4:
            raise DecodeError("says a length beyond reason")
    if begin + size > len(octets):
        raise DecodeError("ends within a value")
    return Node(tag, octets[begin : begin + size], octets[at : begin + size])


def write(tag: int, *contents: bytes) -> bytes:
    r"""Octets of a value.

    >>> write(0x30, write(0x02, b"\x01")).hex()
    '3003020101'
    """
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def name_of(node: Node) -> str:
    """An object identifier in dots.

    >>> name_of(read(bytes.fromhex("0609608648016503040201")))
    '2.16.840.1.101.3.4.2.1'
    """
    if node.tag != 0x06 or not node.content or node.content[-1] & 0x80:
        raise DecodeError("expected an object identifier")
    numbers, value = [], 0
    for octet in node.content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
