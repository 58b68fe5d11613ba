"""Numbers in captions: how they are written."""

from collections.abc import Iterable

import numpy as np

_SMALL = ("one", "two", "three", "four", "five", "six",
          "seven", "eight", "nine", "ten", "eleven", "twelve")  # fmt: skip


def number(value: object, digits: int = 3) -> str:
    """At most so many significant digits: 0.333, 2.5, 100, 3·10⁻⁵."""
    plain = f"{float(np.asarray(value)):.{digits}g}"
    mantissa, _, power = plain.partition("e")
    if not power:
        return plain
    raised = str(int(power)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if mantissa == "1" else f"{mantissa}·10{raised}"


def percent(share: object, digits: int = 2) -> str:
    """A share as a percentage, 12 %, with a space that no line breaks at."""
    return f"{number(100 * float(np.asarray(share)), digits)}\N{NO-BREAK SPACE}%"


def listed(values: Iterable[object], digits: int = 3) -> str:
    """1, 0.3 and 0.1."""
    words = [each if isinstance(each, str) else number(each, digits) for each in values]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def between(values: object, digits: int = 3) -> str:
    """0.2 to 0.3, or the one number that both ends are written as."""
    low, high = (number(end(np.asarray(values)), digits) for end in (np.min, np.max))
    return low if low == high else f"{low} to {high}"


def spelled(count: int) -> str:
    """One, two, ..., twelve in words, larger ones in digits."""
    return _SMALL[count - 1] if 1 <= count <= len(_SMALL) else str(count)


def level(interval: str) -> str:
    """The level that the `long_name` of an interval begins with: 95 % of "95 % interval of p"."""
    found, _, _ = interval.partition(" interval")
    return found.replace(" ", "\N{NO-BREAK SPACE}")
