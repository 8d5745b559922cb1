"""Certificates edited at random and sealed again; what still passes must state something true.

    python -m tests.certificate_fuzz --count 100000 --seed 1 --record edited.json

Edit ``number`` of a seed is made by itself, so that a run can be stopped and resumed: the record tells how far it came.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Flip, Identity, Signal, Up
from opalgebra.algebra.certificates import checker
from opalgebra.algebra.certificates.writer import _sealed, certificate
from opalgebra.errors import CertificateError

from .certificate_judge import Rows, TooLarge, fault
from .statements import statement

WORK = 60_000  # of the checker, so that an edit takes milliseconds
LARGEST = 2_500  # bytes of a certificate that is edited
KINDS = ("1-D", "2-D", "blocks", "formal kernels", "symbolic factors", "hypotheses")
STATEMENTS = 12  # of each kind


def own() -> Iterator[Any]:
    """Statements of kinds that the generators lack."""
    q, h, h0, h1 = oa.signals("q h h0 h1")
    r, (A, B) = oa.signals("r", real=True), oa.operators("A B")
    a, u, v = sympy.Symbol("a"), sympy.Symbol("u", real=True), sympy.Symbol("v", real=True)
    (k, m), e = oa.factors("k m"), sympy.Symbol("e", integer=True, positive=True, even=True)
    taps, band = Signal([u, v]), Down(2) @ Conv(q)
    yield from [
        oa.prove(Conv(q).H, Conv(q).T), oa.prove(Conv(q).H, Conv(Flip() @ q.conj())), oa.prove(Conv(r).H, Conv(r).T),
        oa.prove(Conv(r).T, Conv(r)), oa.prove(Conv(r).T, Conv(r), oa.even_symmetric(r)), oa.prove(A.H, A.T),
        oa.prove(Conv(q).T, Conv(q), oa.even_symmetric(q)), oa.prove(Conv(q).conj(), Conv(q), oa.even_symmetric(q)),
        oa.prove((A @ B).H, B.H @ A.H), oa.prove(A @ B, B @ A), oa.prove(Conv([a]).H, Conv([a]).T),
        oa.prove(Conv([a]).H, sympy.conjugate(a) * Identity()), oa.prove(Conv([u]).H, Conv([u]).T),
        oa.prove(Conv([1, 1j]).H, Conv([1, 1j]).T), oa.prove(Conv([sympy.sqrt(2)]) ** 2, 2 * Identity()),
        oa.prove(band @ band.H @ band, band, given=oa.orthonormal(q, 2)), oa.prove(Down(2) @ (Up(2) @ q), q),
        oa.prove(band.H @ band, Identity(), given=oa.orthonormal(q, 2)), oa.prove(Up(2) @ (Down(2) @ q), q),
        oa.prove(Down(3) @ Conv(h) @ Up(3), Identity(), given=oa.nyquist(h, 3)),
        oa.prove(Conv(h), Identity(), given=oa.nyquist(h, 3)), oa.prove(Up(e) @ Down(e), Identity()),
        oa.prove(Conv(h0) @ Conv(h0).H, Identity(), given=oa.paraunitary([h0, h1], 2)),
        oa.prove(Down(2) @ Conv(taps) @ Conv(taps).T @ Up(2), Identity(), given=oa.orthonormal(taps, 2)),
        oa.prove(Conv(taps), Identity(), given=oa.orthonormal(taps, 2)), oa.prove(Down(e) @ Up(e), Identity()),
        oa.prove(Down(k) @ Up(k * m), Up(m)), oa.prove(Up(k) @ Down(m), Down(m) @ Up(k), oa.coprime(k, m)),
        oa.prove(Up(k) @ Down(m), Down(m) @ Up(k)), oa.prove(Down(m) @ Up(k), Down(m) @ Up(k), oa.divides(k, m)),
        oa.laws["down-shift-up-zero"].prove(), oa.prove(Down(k) @ Up(m), Identity(), oa.equal(k, m)),
    ]  # fmt: skip


@lru_cache(maxsize=1)
def originals() -> tuple[str, ...]:
    """Certificates of true statements and of refutations: the catalogue, its near misses, and drawn statements."""
    proofs = list(own())
    for law in oa.laws.values():
        proofs.append(law.prove())
    for falsehood in oa.falsehoods.values():
        proofs.append(oa.prove(falsehood.lhs, falsehood.rhs))
    for kind in KINDS:
        for number in range(STATEMENTS):
            made = statement(11, number, kind)
            proofs.append(oa.prove(made.lhs, made.rhs, tuple(claim.given() for claim in made.claims)))
    return written(proofs)


def written(proofs: Iterable[Any]) -> tuple[str, ...]:
    """The certificates of proofs, where they have one that is accepted and not too long."""
    found = []
    for proof in proofs:
        try:
            text = certificate(proof) if proof.verdict != "undecided" else ""
        except CertificateError:
            continue
        if 0 < len(text) <= LARGEST and accepted(json.loads(text)):
            found.append(text)
    return tuple(dict.fromkeys(found))


# -- edits ----------------------------------------------------------------------------------------------


def places(v: Any, wanted: Callable[[Any], bool]) -> list[tuple[Any, Any]]:
    """(container, key) of all values within one that are wanted."""
    found, left = [], [v]
    while left:
        inner = left.pop()
        for key, part in inner.items() if isinstance(inner, dict) else enumerate(inner):
            if wanted(part):
                found.append((inner, key))
            if isinstance(part, dict | list):
                left.append(part)
    return found


def part(data: Any, rng: random.Random) -> Any:
    """What is edited, the rows most often."""
    key = rng.choice(("nodes", "nodes", "nodes", "witness", "given", "lines", "minimal"))
    return data[key] if data[key] else data["nodes"]


def number(data: Any, rng: random.Random) -> None:
    found = places(part(data, rng), lambda v: type(v) is int)
    if found:
        at, key = rng.choice(found)
        at[key] = rng.choice((at[key] + 1, at[key] - 1, -at[key], 0, 1, 2, at[key] * 2))


def swap(data: Any, rng: random.Random) -> None:
    found = places(part(data, rng), lambda v: type(v) is list and len(v) > 1)
    if found:
        at, key = rng.choice(found)
        i, j = rng.sample(range(len(at[key])), 2)
        at[key][i], at[key][j] = at[key][j], at[key][i]


def length(data: Any, rng: random.Random) -> None:
    """An entry of a list twice, or not at all."""
    found = places(part(data, rng), lambda v: type(v) is list and v)
    if found:
        at, key = rng.choice(found)
        i = rng.randrange(len(at[key]))
        if rng.random() < 0.5:
            at[key].insert(rng.randrange(len(at[key]) + 1), json.loads(json.dumps(at[key][i])))
        else:
            del at[key][i]


def kind(data: Any, rng: random.Random) -> None:
    """Another kind of a name, of a symbol, of a row, or of a hypothesis."""
    which = rng.randrange(4)
    if which == 0 and data["names"]:
        data["names"][rng.choice(sorted(data["names"]))] = rng.choice(checker.NAMED)
    elif which == 1 and data["symbols"]:
        words = [*checker.WORDS, "real", "complex", "positive even", "negative odd"]
        data["symbols"][rng.choice(sorted(data["symbols"]))] = rng.choice(words)
    elif which == 2 and data["given"]:
        rng.choice(data["given"])[0] = rng.choice([*checker.GIVEN, "equations"])
    else:
        row = rng.choice(data["nodes"])
        options = {int: ["conv", "transpose"], list: ["compose", "sum"]}.get(type(row[1]), ["formal"])
        row[0] = rng.choice(options if row[0] != "moves" else ["moves"])


def name(data: Any, rng: random.Random) -> None:
    """A name or a symbol is another one, or conjugated."""
    found = [row for row in data["nodes"] if row[0] == "formal"]
    if found and rng.random() < 0.7:
        row = rng.choice(found)
        row[1] = rng.choice(["~" + row[1].lstrip("~"), row[1].lstrip("~"), *data["names"]])
        return
    found = [v for v, _ in places(data["nodes"], lambda v: type(v) is int) if isinstance(v, dict)]
    if found and data["symbols"]:
        powers = rng.choice(found)
        old = rng.choice(sorted(powers))
        powers[rng.choice(["~" + old.lstrip("~"), *data["symbols"]])] = powers.pop(old)


def sides(data: Any, rng: random.Random) -> None:
    """Another side, or both exchanged."""
    if rng.random() < 0.5:
        data["lhs"], data["rhs"] = data["rhs"], data["lhs"]
        data["lines"].reverse()
    else:
        data[rng.choice(("lhs", "rhs"))] = rng.randrange(len(data["nodes"]))
    if data["lines"] and rng.random() < 0.9:
        data["lines"][0]["expression"], data["lines"][-1]["expression"] = data["lhs"], data["rhs"]


def verdict(data: Any, rng: random.Random) -> None:
    if data["verdict"] == "refuted":
        lines = [{"expression": data[side], "law": "", "condition": ""} for side in ("lhs", "rhs")]
        data.update(verdict="proved", lines=lines, witness=None)
    else:
        one = [1, [[0, 1]] * data["ndim"], [[0, 1]] * data["ndim"]]
        spot = [0] * (1 + data["ndim"])
        data.update(verdict="refuted", lines=[], witness={
            "input": list(spot), "index": list(spot), "names": {s: [one] for s in data["names"]},
            "symbols": dict.fromkeys(data["symbols"], 2), "values": [1, 0], "inverse": 1,
        })  # fmt: skip


def statement_of(data: Any, rng: random.Random) -> None:
    """What is said of all: signals or operators, hypotheses, the field."""
    which = rng.randrange(4)
    if which == 0:
        data["signals"] = not data["signals"]
    elif which == 1 and data["given"]:
        del data["given"][rng.randrange(len(data["given"]))]
    elif which == 2:
        data["minimal"], data["root"] = rng.choice([([1, 0, 1], [0, 1]), ([-1, 0, 1], [1, 0]), ([0, 1], [0, 0])])
    else:
        data["nodes"].append(["compose", [data["rhs"]] * rng.choice((1, 2))])
        data["rhs"] = len(data["nodes"]) - 1
        if data["lines"]:
            data["lines"][-1]["expression"] = data["rhs"]


def witness(data: Any, rng: random.Random) -> None:
    """Another tap, value, place or symbol of a witness."""
    w = data["witness"]
    if not w:
        return number(data, rng)
    names, n = sorted(data["names"]), data["ndim"]
    which = rng.randrange(4)
    if which == 0 and names:
        of = rng.choice(names)
        tap = [rng.choice((1, 2, [[1, 1, 1, {}]])), [[0, 1]] * n, [[rng.randrange(-2, 3), 1] for _ in range(n)]]
        if data["names"][of] == "operator":
            tap[1:] = [[[rng.randrange(-1, 2), 0] for _ in range(n)] for _ in range(2)]
        w["names"][rng.choice((of, "~" + of))] = [*w["names"][of], tap][-rng.randrange(1, 3) :]
    elif which == 1 and data["symbols"]:
        of = rng.choice(sorted(data["symbols"]))
        w["symbols"][rng.choice((of, of, "~" + of))] = rng.choice((0, 1, 2, 3, -1, 4, 6, [[1, 1, 1, {}]]))
    else:
        of = w[rng.choice(("input", "index"))]
        of[rng.randrange(1 + n)] += rng.choice((-1, 1))
    return None


EDITS = (number, number, number, swap, length, kind, name, sides, verdict, statement_of, witness, witness)


def repaired(data: Any) -> None:
    """The values of a witness as its rows have them, so that no more than what it states can be wrong."""
    w = data["witness"]
    if not w or len(data["minimal"]) > 2:
        return
    symbols = {s: v for s, v in w["symbols"].items() if type(v) is int}
    symbols |= {"~" + s: v for s, v in symbols.items() if "~" + s not in symbols}
    taps = {s: w["names"].get(s, w["names"].get(s[1:], [])) for of in data["names"] for s in (of, "~" + of)}
    rows = Rows(data, symbols, {})
    rows.kernels = {
        s: {tuple([i for i, _ in target] + [i for i, p in source if p == 0]): rows.number(v) for v, source, target in t}
        for s, t in taps.items()
    }
    found = [rows.apply(data[side], {tuple(w["input"]): 1}).get(tuple(w["index"]), 0) for side in ("lhs", "rhs")]
    w["values"] = [[[v.numerator, v.denominator, 0, {}]] if v else 0 for v in map(Fraction, found)]
    if found[0] != found[1]:
        one = 1 / Fraction(found[0] - found[1])
        w["inverse"] = [[one.numerator, one.denominator, 0, {}]]


def edited(seed: int, number: int) -> Any:
    """Certificate ``number`` of a seed: one of the originals with one to three edits, sealed."""
    rng = random.Random(f"{seed}/{number}")
    data = json.loads(rng.choice(originals()))
    try:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            rng.choice(EDITS)(data, rng)
        if rng.random() < 0.6:
            repaired(data)
    except (TooLarge, LookupError, ValueError, TypeError, ArithmeticError, AttributeError, RecursionError):
        pass  # an edit has left what cannot be edited further; the checker has to say so
    return _sealed(data)


def accepted(data: Any) -> str:
    """The conclusion; empty where the file is rejected."""
    before, checker.WORK = checker.WORK, WORK
    try:
        return checker.check(json.dumps(data))
    except checker.Rejected:
        return ""
    finally:
        checker.WORK = before


def judged(seed: int, number: int) -> tuple[str, str]:
    """(what the checker says, what is false about it)."""
    data = edited(seed, number)
    conclusion = accepted(data)
    if not conclusion:
        return "rejected", ""
    if "sample" in conclusion:
        return "a sample", ""  # of which no more is said
    try:
        wrong = fault(data, conclusion, random.Random(number))
    except TooLarge:
        return "too large to judge", ""
    return "refuted" if "refut" in conclusion else conclusion.split()[0], wrong


def run(seed: int, first: int, stop: int, record: Path | None = None) -> Counter[str]:
    """Judge the edits of a range, and keep what came of them."""
    counts: Counter[str] = Counter()
    if record is not None and record.exists():
        saved = json.loads(record.read_text())
        assert saved["seed"] == seed, f"the record is of seed {saved['seed']}"
        first, counts = saved["next"], Counter(saved["counts"])
    for at in range(first, stop):
        said, wrong = judged(seed, at)
        counts[said] += 1
        if wrong:
            counts["false"] += 1
            print(f"edit {at} of seed {seed} passes as {said!r}, and {wrong}", flush=True)
        if record is not None and (at % 500 == 499 or at == stop - 1):
            record.write_text(json.dumps({"seed": seed, "next": at + 1, "counts": counts}))
    return counts


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args(argv)
    print(f"{len(originals())} certificates are edited", flush=True)
    counts = run(options.seed, 0, options.count, options.record)
    print(json.dumps(dict(counts.most_common())))
    return 1 if counts["false"] else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
