"""Texts that act on who shows them: terminals, spreadsheets, readers of Markdown, people."""

from hypothesis import strategies as st

ESCAPES = (
    "\x1b[2J",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b31m",
    "\b\b\b",
    "\r",
    "\x00",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u2069",
    "\u200b",
    "\ufeff",
    "\u2028",
    "\u2029",
    "\x85",
    "\u3164",
    "\U000e0041",
    "\ufe0f",
)
_PIECES = (
    "|",
    "\\|",
    "\\",
    "`",
    "[a](https://x.example)",
    "<b>",
    "&lt;",
    "www.x.example",
    "=1+1",
    "\n",
    "\r\n",
)

texts = st.lists(
    st.sampled_from((*ESCAPES, *_PIECES)) | st.text(st.characters(exclude_categories=()), max_size=5),
    max_size=6,
).map("".join)
"""Any text, mostly one with something hostile in it; half surrogate pairs too."""


def acts(text: str) -> set[str]:
    """Return the characters of a text that do something; a list of its own, beside Unicode's categories."""
    ranges = (
        *((0x00, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x200B, 0x200F), (0x2028, 0x202E)),
        *((0x2060, 0x206F), (0xD800, 0xDFFF), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
        *((0xE0000, 0xE01EF), (0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0)),
    )
    return {char for char in text if any(first <= ord(char) <= last for first, last in ranges)}
