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
    "long": "very " * 20_000,
}
"""What it tries -> the name."""
