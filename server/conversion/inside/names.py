# Runs in the box: copies a winmail.dat with each name of an attachment that no file can have cut, where it stands, so that
# every length in the package stays what it was (MS-OXTNEF section 2.1.3). Ends with 1 when there is no such name.
import struct
import sys

TITLE, TRANSPORT_NAME, ATTACHMENT = 0x00018010, 0x00069001, 0x00069005
NAMES = {0x3001, 0x3704, 0x3707}
STRING, UNICODE = 0x1E, 0x1F
VARIABLE = {STRING, UNICODE, 0x0D, 0x102}
FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x0A: 4, 0x0B: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x14: 8, 0x40: 8, 0x48: 16}
# A file has 255 bytes for its name, and the program may want some of them for a number.
MOST, MOST_ENDING = 200, 20


def cost(letter):
    """Bytes of the name on the disk: the program writes what could harm as a percent sign and two digits."""
    return 4 if ord(letter) > 127 else 1 if letter.isalnum() or letter in " ._-" else 3


def shortened(name):
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > MOST_ENDING:
        stem, dot, ending = name, "", ""
    left = MOST - sum(map(cost, dot + ending))
    kept = ""
    for letter in stem:
        left -= cost(letter)
        if left < 0:
            break
        kept += letter
    return kept + dot + ending


def cut(data, start, length, is_unicode=False):
    """Whether the name there was too long; what is left of its place is zeros, and the first zero ends it."""
    raw = bytes(data[start:start + length])
    if is_unicode:
        name, encoding = raw.decode("utf-16-le", "replace"), "utf-16-le"
    else:
        try:
            name, encoding = raw.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            name, encoding = raw.decode("latin-1"), "latin-1"
    name = name.split("\0")[0]
    if sum(map(cost, name)) <= MOST:
        return False
    kept = shortened(name).encode(encoding, "replace")[:length]
    data[start:start + length] = kept.ljust(length, b"\0")
    return True


def cut_properties(data, at, end):
    """The properties of one attachment (MS-OXTNEF section 2.1.3.4); the end of it is where one makes no sense."""
    found = False

    def number():
        nonlocal at
        at += 4
        if at > end:
            raise ValueError
        return struct.unpack_from("<I", data, at - 4)[0]

    for _ in range(number()):
        tag = number()
        kind, name = tag & 0xFFFF, tag >> 16
        if name >= 0x8000:
            at += 16
            # A number or a name of its own, which is padded.
            more = (number() + 3 & ~3) if number() == 1 else 4
            at += more
        if kind & 0x1000 or kind in VARIABLE:
            for _ in range(number()):
                if kind & 0xFFF not in VARIABLE:
                    at += FIXED[kind & 0xFFF]
                    if at > end:
                        raise ValueError
                    continue
                length = number()
                if at + length > end:
                    raise ValueError
                if name in NAMES and kind in (STRING, UNICODE):
                    found = cut(data, at, length, kind == UNICODE) or found
                at += length + 3 & ~3
        else:
            at += FIXED[kind]
        if at > end:
            raise ValueError
    return found


def main():
    with open(sys.argv[1], "rb") as file:
        data = bytearray(file.read())
    found = False
    at = 6
    while at + 9 <= len(data):
        name, length = struct.unpack_from("<II", data, at + 1)
        start, end = at + 9, at + 9 + length
        if end > len(data):
            break
        if name in (TITLE, TRANSPORT_NAME):
            found = cut(data, start, length) or found
        elif name == ATTACHMENT:
            before = bytes(data[start:end])
            try:
                found = cut_properties(data, start, end) or found
            except (ValueError, KeyError, struct.error):
                # The program will say what it makes of it.
                data[start:end] = before
        at = end + 2
    if not found:
        return 1
    with open(sys.argv[2], "wb") as file:
        file.write(data)
    return 0


sys.exit(main())
