"""Names as somebody writes them who wants a page, a table, a terminal or a figure to do more than show them."""

NAMES = {
    "script": "<script>alert(1)</script>",
    "handler": '"><img src=x onerror=alert(1)>',
    "quote": "' onmouseover='alert(1)",
    "jinja": "{{ 7 * 7 }}{% for x in y %}",
    "entity": "&lt;script&gt;&#60;b&#62;",
    "markdown": "[click](javascript:alert(1)) ![i](http://evil.example/i.png) `a | b` **c** www.evil.example",
    "lines": "one\n\n# two\n\n- three\r\n| four | five |\n</td>",
    "latex": r"\input{/etc/passwd} \write18{id} ^^5cinput % } $x_$ ~#&",
    "mathtext": r"$\frac{$",
    "formula": '=HYPERLINK("http://evil.example","x")',
    "command": "@SUM(1+1)*cmd|' /C calc'!A0",
    "tab": "\t=1+1",
    "wide": "＝1+1",
    "ansi": "\x1b]0;owned\x07\x1b[2J\x1b[31mred\x9b1A",
    "turned": "a\u202egnp.exe\u2066\u2028b",
    "nul": "a\x00b\ufeff",
    "leftwards": "هرولة 12 (שחייה) 3",
    "unseen": "a\u200b\u2060b\u00ad\u206e \ufff9c\ufffb" + "".join(chr(0xE0000 + ord(letter)) for letter in "rm -rf"),
    "pile": "z" + "\u0335\u0489\u0321" * 40 + "!",
    "signs": "👨‍👩‍👧‍👦 🇹🇭 🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f 1️⃣ दौड़ ดึง",
    "long": "very " * 20_000,
}
"""What it tries -> the name."""
