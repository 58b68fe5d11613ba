"""Numbers in captions: how they are written."""

from collections.abc import Iterable

import numpy as np


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
