"""Files that are no certificates, and certificates that would take for ever, are rejected in time."""

from __future__ import annotations

import json
import time

import pytest

import opalgebra as oa
from opalgebra import Down, Up
from opalgebra.algebra.certificates import checker
from opalgebra.algebra.certificates.writer import _sealed, certificate
from opalgebra.errors import CertificateError

HOSTILE = {
    "not JSON": "q", "cut": certificate(oa.prove(Down(2) @ Up(2), oa.Identity()))[:-40], "empty": "", "a list": "[]",
    "NaN": '{"a": NaN}',
    "infinite": '{"a": Infinity}', "a float": '{"ndim": 1.0}', "a huge number": '{"a": ' + "9" * 5000 + "}",
    "deep": "[" * 100_000, "deep and closed": "[" * 50_000 + "]" * 50_000, "long": " " * 5_000_000, "null": "null",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_files_that_are_no_certificates(name, tmp_path):
    with pytest.raises(checker.Rejected) as rejected:
        checker.check(HOSTILE[name])
    assert rejected.value.status == 64
    (tmp_path / "proof.json").write_text(HOSTILE[name])
    with pytest.raises(CertificateError, match="rejected"):
        oa.load_proof(tmp_path / "proof.json")


def bomb(*rows, **more):
    data = {
        "format": checker.FORMAT, "version": checker.VERSION, "verdict": "proved", "ndim": 1, "signals": False,
        "names": {}, "symbols": {}, "given": [], "witness": None, "minimal": [0, 1], "root": [0, 0],
        "nodes": list(rows), "lhs": len(rows) - 1, "rhs": len(rows) - 1,
        "lines": [{"expression": len(rows) - 1, "law": "", "condition": ""} for _ in range(2)], **more,
    }  # fmt: skip
    return json.dumps(_sealed(data))


def line(expression):
    return {"expression": expression, "law": "", "condition": ""}


def move(weight=1, source=(0, 1), target=(0, 1), *route):
    return [weight, [list(source)], [list(target)], *route]


def moves(*entries):
    return ["moves", [move(*entry) for entry in entries]]


ONE, LATE = [0, 1], moves((1, (0, 1), (1, 1)))
BOMBS = {
    "doubling": ("limit", lambda: bomb(LATE, *(["compose", [n, n]] for n in range(60)))),
    "doubling up": ("limit", lambda: bomb(moves((1, ONE, (0, 2))), *(["compose", [n, n]] for n in range(60)))),
    "doubling down": ("limit", lambda: bomb(moves((1, (0, 3), ONE)), *(["compose", [n, n]] for n in range(60)))),
    "doubling sums": ("limit", lambda: bomb(LATE, *(["sum", [n, n]] for n in range(60)))),
    "squares": ("limit", lambda: bomb(moves((10**3000,)), *(["compose", [n, n]] for n in range(40)))),
    "squares remembered": ("limit", lambda: bomb(moves((10**3000,)), *(row for n in range(1, 80, 2) for row in (
        ["compose", [n - 1, n - 1]], ["conv", n])))),
    "a wide box": ("limit", lambda: bomb(moves((1, ONE, (0, 1, 10**9))))),
    "a negative box": ("limit", lambda: bomb(moves((1, ONE, (0, 1, -(10**9)))))),
    "a flat box": ("limit", lambda: bomb(["moves", [[1, [ONE, ONE], [[0, 1, 0], [0, 1, 10**9]]]]], ndim=2)),
    "deep": ("nested", lambda: bomb(LATE, *(["transpose", n] for n in range(50_000)))),
    "zero": ("step is 0", lambda: bomb(moves((1, ONE, (0, 0))))),
    "zero below": ("step is 0", lambda: bomb(moves((1, (0, 0), ONE)))),
    "many": ("limit", lambda: bomb(*(moves((1, ONE, (n, 1))) for n in range(120_000)))),
    "spread": ("limit", lambda: bomb(moves(*((1, ONE, (n, 1)) for n in range(2000))), ["compose", [0] * 50])),
    "many symbols": ("symbols", lambda: bomb(LATE, symbols={f"s{n}": "integer" for n in range(40)})),
    "powers of a symbol": ("exponent", lambda: bomb(
        moves((1, ONE, ([[1, 1, 0, {"k": 10**9}]], 1))), symbols={"k": "positive"})),
    "a number in words": ("an int is expected", lambda: bomb(moves(([["1e999999999", None, 0, {}]],)))),
    "many channels": ("out of its range", lambda: bomb(moves((1, ONE, ONE, 0, 10**9)))),
    "many axes": ("out of its range", lambda: bomb(ndim=10**9)),
    "a loop": ("out of its range", lambda: bomb(["transpose", 0])),
    "unsealed": ("seal", lambda: bomb(LATE).replace('"seal": "', '"seal": "0')),
    "a power of t": ("out of its range", lambda: bomb(moves(([[1, 1, 10**9, {}]],)))),
    "a product of long steps": ("period", lambda: bomb(moves((1, ONE, (0, 10**4200))), ["compose", [0] * 900_000])),
    "multiples of long steps": ("period", lambda: bomb(*(moves((1, ONE, (0, 10**4000 + n))) for n in range(300)),
                                               ["sum", list(range(300)) * 900])),
    "names times rows": ("operations", lambda: bomb(
        *(["formal", f"n{n}"] for n in range(400)), ["compose", list(range(400))],
        *(["sum", [400, 400]] for n in range(100_000)), names={f"n{n}": "signal" for n in range(400)})),
    "a name often": ("a name", lambda: bomb(
        ["formal", "q"], *(["compose", [n, n]] for n in range(60)), names={"q": "signal"})),
    "many symbols in a number": ("bits|operations", lambda: bomb(
        moves(([[1, 1, 0, {f"s{n}": 64 for n in range(400)}]] * 400,)), symbols={f"s{n}": "real" for n in range(400)})),
    "powers in a field": ("operations|bits", lambda: bomb(
        moves(([[1, 1, n, {f"s{i}": 64 for i in range(5)}] for n in range(64)] * 300,)),
        symbols={f"s{i}": "real" for i in range(5)}, minimal=[0] + [3] * 63 + [1])),
    "a field of long numbers": ("bits|operations", lambda: bomb(
        moves(*(([[10**4000, 1, 63, {}]], ONE, (n, 1)) for n in range(300))), ["compose", [0] * 20],
        minimal=[0] + [10**4000] * 63 + [1])),
    "long places": ("operations", lambda: bomb(moves((1, ONE, (10**4200, 1)), (1, ONE, (10**4200 + 1, 1))),
                                       *(["compose", [n, n]] for n in range(30)))),
    "uses": ("operations", lambda: bomb(
        LATE, ["formal", "q"], names={"q": "signal"}, given=[["equations", [1], [1]]], lhs=0, rhs=0, lines=[
        {"expression": 0, "law": "", "condition": ""},
        {"expression": 0, "law": "", "condition": "", "uses": [[0, 0, 1, 0, 0]] * 150_000}])),
    "a dense operator": ("operations", lambda: bomb(["formal", "A"], ["compose", [0] * 6], ["sum", [1] * 9],
                                            names={"A": "operator"})),
    "many taps": ("operations", lambda: bomb(
        ["formal", "q"], ["compose", [0] * 100], verdict="refuted", lines=[], names={"q": "signal"}, witness={
            "input": [0, 0], "index": [0, 0], "names": {"q": [move(1, ONE, (n, 1)) for n in range(50_000)]},
            "symbols": {}, "values": [0, 1], "inverse": 1})),
    "a large prime": ("prime", lambda: bomb(
        LATE, verdict="refuted", lines=[], symbols={"p": "prime"}, witness={
            "input": [0, 0], "index": [0, 0], "names": {}, "symbols": {"p": 10**40}, "values": [0, 1], "inverse": 1})),
    "quotes": ("no JSON", lambda: '"' + '\\"' * 1_900_000), "digits": ("digits", lambda: f"[{'9' * 3_900_000}]"),
    "brackets": ("format", lambda: f"[{'[],' * 1_000_000}1]"),
}  # fmt: skip


SLOW = {"uses", "brackets", "many taps", "a dense operator", "spread", "doubling", "doubling sums", "names times rows"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.long) if n in SLOW else n for n in BOMBS])
def test_hostile_certificates_end(name):
    message, made = BOMBS[name]
    text = made()
    start = time.process_time()
    with pytest.raises(checker.Rejected, match=message) as rejected:
        checker.check(text)
    assert name == "unsealed" or rejected.value.status == 64
    assert time.process_time() - start < 15  # some five seconds at most, elsewhere
