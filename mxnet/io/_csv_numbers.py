# SPDX-License-Identifier: Apache-2.0
"""Many decimal numbers out of text at once, by operations on whole arrays.

The places of commas, dots and line ends cut a text into cells, and each cell into its parts: a sign, up to 16 digits
before the dot, up to 24 behind it, an exponent of two digits. The eight characters before, or behind, each place are
loaded as one 64-bit word, what is no part of the number is masked out, and three multiplications join the digits.
Characters that are no digits are counted; one that is not accounted for, as a sign at its place and so on, makes its
cell an exception, which is read by itself, as Python reads it.

That gives about 16 digits: right for float32 (as if Python had read the number as a double, and rounded), and exact for
integers.
"""
from __future__ import annotations

import numpy as np

__all__ = ["PADDING", "Scan", "numbers_in"]

PADDING = 64                    # bytes around a text that can be read and have no meaning
_COMMA, _DOT, _LINE, _MINUS, _PLUS = b",.\n-+"
_CUTS_SET, _CUTS_ARE = 0x26, 0x2E         # these bits make dots of comma, dot and line end, not of digits and signs
_ZERO = np.uint8(ord("0"))
_PLACES = np.uint64(0x0001020304050607)   # times a word with one bit, in its byte n: n in the highest byte
_HEAD, _ALIKE = 256, 8                    # characters, and cells among them, that tell whether all may be alike

_WHOLE, _FRACTION = 16, 24                # digits before and behind a dot that are read
_DIGITS = 0x0F0F0F0F0F0F0F0F              # these bits of the characters of digits are their values
# Masks for words, the one next to the dot first, by how many characters there are before the dot, or from the dot on.
_BEFORE = np.array([[_DIGITS & ~(2 ** (64 - 8 * min(max(count - skip, 0), 8)) - 1) for count in range(_WHOLE + 2)]
                    for skip in (0, 8)], np.uint64)
_BEHIND = np.array([[_DIGITS & 2 ** (8 * min(max(count - 1 - skip, 0), 8)) - 1 for count in range(_FRACTION + 2)]
                    for skip in (0, 8, 16)], np.uint64)
# In lanes of 16, 32 and 64 bits: ten, a hundred, ten thousand times the first half, and the second half, above it.
_JOIN = [(kind, kind(base << bits | 1), kind(bits)) for kind, base, bits in
         ((np.uint16, 10, 8), (np.uint32, 100, 16), (np.uint64, 10000, 32))]

_EXPONENT = 4                             # characters of an exponent
_SMALL_E, _SMALL = ord("e"), ord("e") ^ ord("E")
_DOWN = 128                               # is added to a power that has a minus
_UNIT = 10 ** 8                           # numbers with a fraction are first counted in parts of 1 / _UNIT
_POWERS = [*range(_DOWN), *range(0, -_DOWN, -1)]
_TIMES = np.array([float(f"1e{max(power - 8, 0)}") for power in _POWERS])
_OVER = np.array([float(f"1e{max(8 - power, 0)}") for power in _POWERS])


class Scan:
    """Where the characters of a text are that cut it into numbers: what is done once for each character.

    `text` are bytes; the first and last PADDING of them do not belong to it. It ends with a line end.
    """

    def __init__(self, text: np.ndarray) -> None:
        self.text, self.body = text, text[PADDING:-PADDING]
        self.tail = self._tail_alike()
        self.dots = self._all_dots() if self.tail else None
        self.cuts = None if self.tail else self.all_cuts()
        characters = self.body - _ZERO
        self.other = np.greater(characters, 9, out=characters.view(bool))
        self.others = np.count_nonzero(self.other)

    def _tail_alike(self) -> int:
        """How many characters cells have from the dot on, if the first ones are alike, else 0."""
        cells = self.body[:_HEAD].tobytes().replace(b"\n", b",").split(b",")[:_ALIKE]
        tails = {len(cell) - cell.find(b".") if b"." in cell else 0 for cell in cells}
        return tails.pop() if len(tails) == 1 else 0

    def _all_dots(self) -> np.ndarray:
        mask = self.body == _DOT
        words = mask[:len(mask) & -8].view("<u8")
        which = np.flatnonzero(words)
        if len(which) + np.count_nonzero(mask[len(mask) & -8:]) != np.count_nonzero(mask):
            return np.flatnonzero(mask)
        # There is one dot at most in eight characters. It is quicker to look for them in words, and then in each word.
        place = words[which]
        place *= _PLACES
        place >>= 56
        which <<= 3
        which += place.view(np.int64)
        return np.concatenate([which, np.flatnonzero(mask[len(mask) & -8:]) + (len(mask) & -8)])

    def all_cuts(self) -> np.ndarray:
        """The places of all commas, dots and line ends (and of some control characters)."""
        characters = self.body | _CUTS_SET
        return np.flatnonzero(np.equal(characters, _CUTS_ARE, out=characters.view(bool)))


def numbers_in(scan: Scan, width: int, dtype: np.dtype) -> np.ndarray | None:
    """The numbers of a text of lines with `width` of them each, commas between: a flat array of float32 or integers.

    None when it is no such text, or is better read one by one: many exceptions, integers with a dot.
    """
    cells = _Cells(scan)
    if not (cells.cut_alike(width) or cells.cut(width)) or (dtype.kind != "f" and cells.dotted):
        return None
    minus = cells.take_signs()
    if dtype.kind == "f":
        cells.take_exponents()
    cells.take_rest()
    number = cells.whole()
    if dtype.kind == "f":
        made = cells.scaled(number).astype(np.float32)
        bits, signs = made.view(np.uint32), minus.astype(np.uint32)
        signs <<= 31
        bits |= signs
    elif dtype.kind == "u" and minus.any():
        return None
    else:
        number *= 1 - 2 * minus.astype(np.int64)
        made = number.astype(dtype, copy=False)
    return made if cells.read_exceptions(made) else None


class _Cells:
    """The cells of a text. Places are offsets into it, ascending: a cell is from `starts` to `ends`, without that."""

    starts: np.ndarray
    ends: np.ndarray
    signs: np.ndarray                       # which cells have a sign
    dots: np.ndarray                        # in a cell without a dot, where the digits end
    before: np.ndarray                      # digits before the dot
    behind: np.ndarray                      # characters from the dot on, without an exponent; one of them if all alike
    dotted = 0                              # how many cells have a dot
    has_dot: np.ndarray | None = None       # which have one, when some have and some not
    exponents: np.ndarray | None = None     # which have an exponent of two digits; None if no one was looked at
    powers: np.ndarray | None = None        # the exponents' values, as in _POWERS
    left = 0                                # characters that are no digits and are not accounted for
    exceptions: np.ndarray

    def __init__(self, scan: Scan) -> None:
        self.scan, self.text, self.body = scan, scan.text, scan.body

    def char(self, places: np.ndarray, offset: int) -> np.ndarray:
        """The character `offset` behind each place."""
        return self.text[PADDING + offset:][places]

    def words(self, places: np.ndarray, offset: int, count: int = 1) -> np.ndarray:
        """`count` times the eight characters from `offset` behind each place on, (places, count)."""
        size, first = 8 * count, PADDING + offset
        every = np.ndarray((len(self.text) - first - size,), f"V{size}", self.text.data, first, (1,))
        return every[places].view("<u8").reshape(-1, count)

    def many(self, count: int) -> bool:
        """Whether so many cells are better treated with all the others, not by themselves."""
        return count > len(self.ends) >> 5

    # ---- the parts of cells ----------------------------------------------------------------------

    def cut_alike(self, width: int) -> bool:
        """Find cells that have the same number of characters behind a dot. False when they are not all alike."""
        dots = self.scan.dots
        if dots is None:
            return False
        ends = dots + self.scan.tail
        if not len(ends) or ends[-1] != len(self.body) - 1 or not _is_table(self.char(ends, 0), width):
            return False
        self._found(ends, dots, len(dots), np.array([self.scan.tail]))
        return True

    def cut(self, width: int) -> bool:
        """Find the cells and their dots. False where the lines do not have `width` cells each."""
        places = self.scan.all_cuts() if self.scan.cuts is None else self.scan.cuts
        kinds = self.char(places, 0)
        is_dot = kinds == _DOT
        dotted = int(np.count_nonzero(is_dot))
        if not dotted:
            ends = dots = places
        elif 2 * dotted == len(places) and is_dot[::2].all():
            dots, ends, kinds = places[::2].copy(), places[1::2].copy(), kinds[1::2]
        else:
            which = np.flatnonzero(~is_dot)
            previous = np.maximum(which - 1, 0)
            dots, ends, kinds, self.has_dot = places[previous], places[which], kinds[which], is_dot[previous]
            dotted = int(np.count_nonzero(self.has_dot))
        if not _is_table(kinds, width):
            return False
        behind = ends - dots if dotted else np.zeros(1, np.int64)
        if self.has_dot is not None:
            behind *= self.has_dot
        self._found(ends, dots, dotted, behind)
        return True

    def _found(self, ends: np.ndarray, dots: np.ndarray, dotted: int, behind: np.ndarray) -> None:
        self.ends, self.dots, self.dotted, self.behind = ends, dots, dotted, behind
        self.starts = np.empty_like(ends)
        self.starts[0] = 0
        np.add(ends[:-1], 1, out=self.starts[1:])
        self.exceptions = np.zeros(len(ends), bool)
        self.left = self.scan.others - len(ends) - dotted

    def take_signs(self) -> np.ndarray:
        """Which numbers have a minus."""
        if not self.left:
            self.signs = np.zeros(len(self.starts), bool)
            return self.signs
        first = self.char(self.starts, 0)
        minus = first == _MINUS
        self.signs = minus | (first == _PLUS)
        self.left -= np.count_nonzero(self.signs)
        return minus

    def take_exponents(self) -> None:
        """Find the exponents, unless there are only few; `powers` is then what they say."""
        if not self.many(self.left // 2):
            return
        start, sign, tens, ones = (self.char(self.ends, place - _EXPONENT) for place in range(_EXPONENT))
        start |= _SMALL
        down = sign == _MINUS
        found = (start == _SMALL_E) & (down | (sign == _PLUS))
        if not found.any():
            return
        tens -= _ZERO
        tens *= 10
        ones -= _ZERO
        ones += tens
        down = down.view(np.uint8)
        down *= _DOWN
        ones |= down
        if found.all():
            found = found[:1]
        else:
            ones *= found
        self.exponents, self.powers = found, ones
        self.left -= 2 * (np.count_nonzero(found) if len(found) > 1 else len(self.ends))
        if self.dotted:
            self.behind = self.behind - _EXPONENT * (found if self.has_dot is None else found & self.has_dot)

    def take_rest(self) -> None:
        """Make exceptions of all cells of which a character is still left, and of those of too many or no digits."""
        if self.left:
            self._find_rest()
        if self.has_dot is not None or not self.dotted:
            ends = self.ends if self.exponents is None else self.ends - _EXPONENT * self.exponents
            self.dots = ends if self.has_dot is None else np.where(self.has_dot, self.dots, ends)
        self.before = self.dots - self.starts
        self.before -= self.signs
        self.least, self.most = int(self.before.min()), int(self.before.max())
        if self.most > _WHOLE:
            self.exceptions |= self.before > _WHOLE
        if self.least < 1:
            self.exceptions |= (self.before < 1) & (self.behind <= 1)
        if self.dotted and self.exponents is not None:
            wrong = self.behind < (1 if self.has_dot is None else self.has_dot)
            if wrong.any():                                        # dots within exponents
                self.exceptions |= wrong

    def _find_rest(self) -> None:
        places = np.flatnonzero(self.body > ord("9"))              # of letters, in the exponents of a few numbers
        if self.exponents is None and not self.many(len(places)):
            few = np.unique(np.searchsorted(self.ends, places))
            self.exceptions[few] = True
            self.left -= sum(map(self._left_in, few.tolist()))
            if not self.left:
                return
        rest = self.scan.other
        rest[self.starts] = (self.char(self.starts, 0) - _ZERO > 9) & ~self.signs
        rest[self.ends] = False
        if self.has_dot is not None:
            rest[self.dots[self.has_dot]] = False
        elif self.dotted:
            rest[self.dots] = False
        if self.exponents is not None:
            places = self.ends[self.exponents] if len(self.exponents) > 1 else self.ends
            rest[places - _EXPONENT] = rest[places - _EXPONENT + 1] = False
        self.exceptions[np.searchsorted(self.ends, np.flatnonzero(rest))] = True

    def _left_in(self, at: int) -> int:
        """How many characters of a cell are not accounted for."""
        others = np.count_nonzero(self.scan.other[self.starts[at]:self.ends[at]])
        return int(others - self.signs[at] - (self.dotted > 0 if self.has_dot is None else self.has_dot[at]))

    # ---- numbers ---------------------------------------------------------------------------------

    def whole(self) -> np.ndarray:
        """The numbers that stand before the dots."""
        if self.least == self.most == 1:
            return (self.char(self.dots, -1) - _ZERO).astype(np.int64)
        count = 1 if self.most <= 8 else 2
        words = self.words(self.dots, -8 * count, count)
        number = _joined(words[:, -1], _BEFORE[0], self.before)
        if count > 1:
            number += _joined(words[:, 0], _BEFORE[1], self.before) * 10 ** 8
        return number

    def scaled(self, whole: np.ndarray) -> np.ndarray:
        """`whole`, the digits behind the dots, and the exponents in one number.

        What is short is added up as an integer and then divided, or multiplied, once, which gives the nearest double,
        and so no error where a number lies in the middle between two of float32.
        """
        longest = int(self.behind.max()) - 1
        if longest < 1 and self.powers is None:
            return whole.astype(np.float64)
        number = whole * _UNIT if self.most <= 8 else whole * float(_UNIT)            # 64 bits do not hold 24 digits
        number = self._with_fraction(number, longest) if longest > 0 else number.astype(np.float64)
        if self.powers is None:
            number /= _UNIT
        else:
            number /= _OVER.take(self.powers)
            if ((self.powers > 8) & (self.powers < _DOWN)).any():
                number *= _TIMES.take(self.powers)
        return number

    def _with_fraction(self, whole: np.ndarray, longest: int) -> np.ndarray:
        long = longest > 8 and (len(self.behind) == 1 or self.many(int(np.count_nonzero(self.behind > 9))))
        words = self.words(self.dots, 1, 2 if long else 1)
        whole += _joined(words[:, 0], _BEHIND[0], self.behind)
        number = whole.astype(np.float64, copy=False)
        if long:
            number += _joined(words[:, 1], _BEHIND[1], self.behind) / _UNIT
        elif longest > 8:
            self._more_digits(number, np.flatnonzero(self.behind > 9), 1)
        if longest > 16:                           # they only matter where those before are mostly zeros
            tiny = number < 0.1 * _UNIT
            self._more_digits(number, np.flatnonzero(tiny if len(self.behind) == 1 else tiny & (self.behind > 17)), 2)
        return number

    def _more_digits(self, number: np.ndarray, few: np.ndarray, word: int) -> None:
        """Add the digits of another word to a few numbers."""
        behind = self.behind[few] if len(self.behind) > 1 else self.behind
        digits = _joined(self.words(self.dots[few], 1 + 8 * word)[:, 0], _BEHIND[word], behind)
        number[few] += digits / float(_UNIT) ** word
        self.exceptions[few] |= (behind > _FRACTION + 1) & (number[few] < 1)

    def read_exceptions(self, numbers: np.ndarray) -> bool:
        """Read exceptions one by one into the numbers. False when there is one that is no number, or too many."""
        few = np.flatnonzero(self.exceptions)
        if len(few) > len(numbers) // 8 + 8:
            return False
        kind = float if numbers.dtype.kind == "f" else int
        try:
            for at in few.tolist():
                cell = self.body[self.starts[at]:self.ends[at]].tobytes()
                if b"_" in cell:
                    return False
                numbers[at] = kind(cell)
        except (ValueError, OverflowError):
            return False
        return True


def _is_table(kinds: np.ndarray, width: int) -> bool:
    """Whether the characters that end the cells are those of lines with `width` cells each."""
    if not len(kinds) or len(kinds) % width:
        return False
    table = kinds.reshape(-1, width)
    return bool((table[:, :-1] == _COMMA).all() and (table[:, -1] == _LINE).all())


def _joined(words: np.ndarray, masks: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Numbers of eight digits, each of them a byte of a word, the first of them the lowest, masked by their counts."""
    digits = words & masks.take(counts, mode="clip")
    for kind, factor, shift in _JOIN:
        lanes = digits.view(kind)
        lanes *= factor
        lanes >>= shift
    return digits.view(np.int64)
