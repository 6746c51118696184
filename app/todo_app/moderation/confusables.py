"""Characters that look like a Latin letter, after NFKD and casefold: data for `folding`.

A hand-picked part of the sets that Unicode TR39 describes: Cyrillic, Greek, Armenian, small capitals, strokes, white
on black.
"""

_ROWS = {
    "a": "\u0430\u03b1\u0251\u1d00\u2c65\u0105",
    "b": "\u0432\u0253\u0299\u0180\u044c\u03b2",
    "c": "\u0441\u03f2\u1d04\u0188\u023c\u217d",
    "d": "\u0501\u0257\u1d05\u0111\u0256",
    "e": "\u0435\u0454\u03b5\u1d07\u0247\u025b\u212e",
    "f": "\u0192\ua730\u0584",
    "g": "\u0261\u0262\u01e5\u0260\u0581",
    "h": "\u04bb\u029c\u0127\u0266\u0570\u043d",
    "i": "\u0131\u0456\u03b9\u026a\u0268\u0269\u04cf",
    "j": "\u0458\u03f3\u1d0a\u0249\u029d",
    "k": "\u043a\u03ba\u1d0b\u0199\u049b",
    "l": "\u029f\u0142\u019a\u026b\u2113",
    "m": "\u043c\u1d0d\u0271",
    "n": "\u0578\u057c\u0274\u0272\u03b7\u0273",
    "o": "\u043e\u03bf\u0585\u1d0f\u00f8\u0275\u03c3",
    "p": "\u0440\u03c1\u1d18\u01a5\u1d7d",
    "q": "\u051b\u0563\u0566\u024b",
    "r": "\u0433\u0280\u024d\u027d\u027e",
    "s": "\u0455\ua731\u0282\u023f",
    "t": "\u0442\u03c4\u1d1b\u0167\u0288\u01ad",
    "u": "\u057d\u03c5\u1d1c\u0289\u028b\u01b0",
    "v": "\u0475\u03bd\u1d20",
    "w": "\u051d\u0561\u1d21\u03c9\u0461",
    "x": "\u0445\u03c7",
    "y": "\u0443\u04af\u028f\u03b3\u024f\u01b4",
    "z": "\u1d22\u01b6\u0290\u0240\u0225",
    "ae": "\u00e6",
    "oe": "\u0153",
    "ss": "\u00df",
    "th": "\u00fe",
}
CONFUSABLES: dict[str, str] = {look: plain for plain, looks in _ROWS.items() for look in looks}
# negative circled and negative squared A to Z: unlike their outlined twins they have no NFKD form
CONFUSABLES |= {chr(start + number): chr(97 + number) for start in (0x1F150, 0x1F170) for number in range(26)}
# regional indicators, of which flags are made
CONFUSABLES |= {chr(0x1F1E6 + number): chr(97 + number) for number in range(26)}

_SQUARED = ("cl", "cool", "free", "id", "new", "ng", "ok", "sos", "up", "vs")
SQUARED = {chr(0x1F191 + number): word for number, word in enumerate(_SQUARED)} | {"\U0001f18e": "ab"}
# typographic punctuation, so that a usual text is ASCII once folded
PUNCTUATION = dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'")
PUNCTUATION |= dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"')
PUNCTUATION |= dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
LOOKS = CONFUSABLES | SQUARED | PUNCTUATION

# punctuation and digits that stand for a letter inside a word
LEET = str.maketrans("013457@$!|+\u20ac89", "oieastasiiteb" + "g")
LEET_MARKS = "0134578 9@$!|+\u20ac".replace(" ", "")
