"""What each Python program shares: one line of JSON per case, of what the client was given."""

import json
import re
import sys

# Of one answer only, or of one server: ids of queries, and where the answer came from.
MASKS = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?"), "HOST"),
    (re.compile(r"port=\d+"), "port=PORT"),
    (re.compile(r"0x[0-9a-f]{6,}"), "ADDRESS"),
)


def masked(text):
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text


def raised(error):
    """An exception as a caller sees it: its class, and its text."""
    return {"raised": type(error).__name__, "text": str(error)}


def tell(cases):
    """Runs all cases against each address that is read, a line each, until there is no more; `.` ends each run."""
    start, end = sys.argv[1:3]
    for line in sys.stdin:
        host, port = line.strip().split(":")
        for name, case in cases(host, int(port), start, end):
            try:
                seen = case()
            except Exception as error:
                seen = raised(error)
            print(masked(json.dumps({"case": name, "seen": seen}, default=repr, ensure_ascii=False)))
        print(".", flush=True)
