"""Forged certificates, and for each the one check that stops it: a checker without that check accepts the forgery."""

from __future__ import annotations

import json
import random
import types
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import sympy

import opalgebra as oa
from opalgebra import Conv, Down, Identity, Up
from opalgebra.algebra.certificates import checker
from opalgebra.algebra.certificates.writer import _sealed, certificate
from opalgebra.cli import main
from opalgebra.errors import CertificateError
from tests import certificate_fuzz
from tests.certificate_judge import Rows, fault

SOURCE = Path(checker.__file__).read_text()
ONE = [[0, 1]]
q, h = oa.signals("q h")


def made(*rows, **more):
    """A sealed certificate of rows, of the last two of them where nothing else is said."""
    data = {
        "format": checker.FORMAT, "version": checker.VERSION, "verdict": "proved", "ndim": 1, "signals": False,
        "names": {}, "symbols": {}, "given": [], "witness": None, "minimal": [0, 1], "root": [0, 0],
        "nodes": list(rows), "lhs": 0, "rhs": 1, "lines": [], **more,
    }  # fmt: skip
    if data["verdict"] == "proved" and not data["lines"]:
        data["lines"] = [{"expression": data[side], "law": "", "condition": ""} for side in ("lhs", "rhs")]
    return json.dumps(_sealed(data))


def refuted(*rows, names=None, at=None, values=(1, 2), inverse=-1, into=(0, 0), index=(0, 0), **more):
    witness = {"input": list(into), "index": list(index), "names": names or {}, "symbols": at or {},
               "values": list(values), "inverse": inverse}  # fmt: skip
    return made(*rows, verdict="refuted", witness=witness, **more)


def moves(*entries):
    return ["moves", [list(entry) for entry in entries]]


def tap(value, at=0):
    return [value, ONE, [[at, 1]]]


def symbol(s, e=1):
    return [[1, 1, 0, {s: e}]]


UP, DOWN, I = moves([1, ONE, [[0, 2]]]), moves([1, [[0, 2]], ONE]), ["compose", []]  # noqa: E741
UP_K, DOWN_K = moves([1, ONE, [[0, symbol("k")]]]), moves([1, [[0, symbol("k")]], ONE])
T = [[1, 1, 1, {}]]
Q, TURNED = ["formal", "q"], ["formal", "~q"]


def flipped(text, **more):
    return json.dumps(_sealed(json.loads(text) | more))


ORTHONORMAL = certificate(oa.prove((Down(2) @ Conv(q)).H @ Down(2) @ Conv(q), Identity(), given=oa.orthonormal(q, 2)))


def not_orthonormal():
    data = json.loads(ORTHONORMAL)
    taps = [tap(2)]
    data["witness"].update(
        names={"q": taps, "~q": taps}, values=[4, 1], inverse=[[1, 3, 0, {}]], input=[0, 0], index=[0, 0]
    )
    return json.dumps(_sealed(data))


NAME = ('form(v in self.names or "real" not in self.names[v[1:]]', 'form(True or "real" not in self.names[v[1:]]')
FORGED = {
    "a key twice": (
        '{"lhs": 0, "rhs": 1, ' + made(UP, moves([1, ONE, [[0, 3]]]), rhs=0)[1:],
        [('form(len(found) == len(pairs), "a key occurs twice")', "pass")],
    ),
    "a conjugate of a real name": (
        flipped(refuted(["formal", "h"], ["formal", "~h"], names={"h": [tap(1)], "~h": [tap(2)]}),
                              names={"h": "real"}),
        [NAME, ('for s, kind in kinds.items() if "real" not in kind', "for s, kind in kinds.items()"),
         ('need(conjugate, f"~{s}', 'need(True, f"~{s}')],
    ),
    "a conjugate of a real symbol": (
        flipped(refuted(moves([symbol("a"), ONE, ONE]), moves([symbol("~a"), ONE, ONE]), at={"a": 1, "~a": 2},
                        values=(symbol("a"), symbol("~a"))), symbols={"a": "real"}),
        [('for s, kind in self.symbols.items() if kind == "complex"', "for s, kind in self.symbols.items()"),
         ("need(self.are_conjugate(self.values[s], other)", "need(True")],
    ),
    "a channel below 0": (made(moves([1, ONE, ONE, -1, -1]), moves([2, ONE, ONE, -1, -1])),
                          [("form(low <= v < stop, ", "form(True, ")]),
    "the last channel": (made(moves([1, ONE, ONE, 0, 0]), moves([1, ONE, ONE, 0, 0], [1, ONE, ONE, 1, 1])),
                         [("for channel in range(self.channels)", "for channel in range(1)")]),
    "no such channel": (refuted(moves([1, ONE, ONE, 0, 0]), I, into=(3, 0), index=(3, 0), values=(0, 1)),
                        [("need(max(into[1], index[0]) < self.channels", "need(True")]),
    "an input of signals": (refuted(UP, I, signals=True, into=(0, 1), index=(0, 1), values=(0, 1)),
                            [('need(not (self.data["signals"] and any(into))', "need(True")]),
    "no conjugates": (flipped(
        refuted(Q, TURNED, names={"q": [tap(1)], "~q": [tap(2)]}), names={"q": "signal"}),
        [('need(conjugate, f"~{s}', 'need(True, f"~{s}')]),
    "squares above 0": (flipped(refuted(Q, TURNED, names={"q": [tap(T)], "~q": [tap([[-1, 1, 1, {}]])]},
                                        values=(T, [[-1, 1, 1, {}]]), inverse=[[1, 4, 1, {}]]),
                                names={"q": "signal"}, minimal=[-2, 0, 1], root=[[141421356, 10**8], 0]),
                        [(" and square.get((0,), 0) <= 0", "")]),
    "an imaginary real name": (flipped(refuted(["formal", "h"], I, names={"h": [tap(T)]}, values=(T, 1),
                                               inverse=[[-1, 2, 1, {}], [-1, 2, 0, {}]]),
                                       names={"h": "real"}, minimal=[1, 0, 1], root=[0, 1]),
                               [('need("real" not in kind or all(map(is_rational, taps.values()))', "need(True"),
                                ('need(conjugate, f"~{s}', 'need(True, f"~{s}')]),
    "an imaginary real symbol": (refuted(moves([symbol("a"), ONE, ONE]), I, at={"a": T}, values=(symbol("a"), 1),
                                         inverse=[[-1, 2, 1, {}], [-1, 2, 0, {}]], symbols={"a": "real"},
                                         minimal=[1, 0, 1], root=[0, 1]),
                                 [('need(self.symbols[s] == "complex" or is_rational(self.values[s])', "need(True"),
                                  ("need(self.are_conjugate(self.values[s], other)", "need(True")]),
    "an even name that is not": (flipped(refuted(Q, ["transpose", 0], names={"q": [tap(1, 1)]}, index=(0, 1),
                                                 values=(1, 0), inverse=1), names={"q": "even"}),
                                 [('need("even" not in kind or mirrored', "need(True")]),
    "two taps at a place": (flipped(refuted(Q, I, names={"q": [tap(1), tap(2)]}, values=(2, 1), inverse=1),
                                    names={"q": "signal"}),
                            [("need(len(set(at)) == len(at)", "need(True")]),
    "a signal that is an operator": (
        flipped(refuted(Q, I, names={"q": [[1, ONE, [[0, 2]]]]}, into=(0, 1), index=(0, 2), values=(1, 0), inverse=1),
                names={"q": "signal"}),
        [("(self.constant, self.plain, ((whole(), one_of(1)),) * n)", "(self.constant, self.plain, self.steps)"),
         ("[(0, 1), *[(i, 1) for i in at[: self.data", "[(0, 1), *[(i, 2) for i in at[: self.data")],
    ),
    "a symbol out of its range": (refuted(UP_K, I, at={"k": 2}, into=(0, 1), index=(0, 1), values=(0, 1),
                                          symbols={"k": "odd"}),
                                  [("need(s not in self.counted or self.fits(s, w", "need(True or (s, w")]),
    "a hypothesis about factors": (refuted(UP_K, I, at={"k": 2}, into=(0, 1), index=(0, 1), values=(0, 1),
                                           symbols={"k": "positive"}, given=[["coprime", symbol("k"), 4]]),
                                   [('need(self.holds(), "the witness', 'need(True, "the witness')]),
    "a hypothesis by equations": (not_orthonormal(),
                                  [("need(self.agree(pair, WORK // 4, False, fixed=True)", "need(True")]),
    "other values": (refuted(moves([2, ONE, ONE]), I, values=(3, 1), inverse=1),
                     [('need(sides == [self.number(v) for v in w["values"]]', "need(True")]),
    "equal values": (refuted(DOWN, DOWN, values=(1, 1)),
                     [('need(self.times(apart, self.number(w["inverse"])) == {(0,): 1}', "need(True")]),
    "a line that does not follow": (made(UP, I), [('need(same, f"line', 'need(True, f"line')]),
    "lines that lead elsewhere": (
        made(UP, I, lines=[{"expression": 0, "law": "", "condition": ""}]),
        [('need([ends[0], ends[-1]] == [data["lhs"], data["rhs"]]', "need(True")],
    ),
    "a step of 0": (made(moves([1, [[5, 0]], [[5, 0]]]), ["sum", []]), [('need(p, "a step is 0")', "pass")]),
    "no seal": (made(UP, UP).replace('"seal": "', '"seal": "0'), [('need(mark == part["seal"]', "need(True")]),
    "a field that is none": (made(moves([[[1, 1, 1, {}]], ONE, ONE]), ["compose", [0, 0]], moves([2, ONE, ONE]),
                                  lhs=1, rhs=2, minimal=[-2, 0, 2], root=[1, 0]),
                             [(' and data["minimal"][-1] == 1', ""),
                              ('form(self.is_root(*data["root"])', "form(True")]),
    "another root": (made(moves([T, ONE, ONE]), moves([T, ONE, ONE]), minimal=[-2, 0, 1], root=[5, 0]),
                     [('form(self.is_root(*data["root"])', "form(True")]),
    "a kernel with channels": (made(moves([1, ONE, ONE, 0, 1]), ["conv", 0]),
                               [('form(not (routed and kind == "conv")', "form(True"),
                                ('need(same, f"line', 'need(True, f"line')]),
    "true as a number": (made(moves([True, ONE, ONE]), I),
                         [("lambda v, what: None if type(v) is int", "lambda v, what: None if isinstance(v, int)"),
                          ("if type(v) is int:\n            return {(0,): v} if v else {}",
                           "if isinstance(v, int):\n            return {(0,): v} if v else {}")]),
    "another key": (made(UP, UP, note="for all k"), [("form(key in known, ", "form(True, "),
                    ("fits(inner, known[key]", "fits(inner, known.get(key, ANYTHING)")]),
    "hypotheses that nothing meets": (made(UP, I, given=[["coprime", 2, 4]]),
                                      [('need(found[1], "no values', 'need(True, "no values')]),
    "an equation about nothing": (
        made(I, ["sum", []], given=[["equations", [0], [1]]], lines=[
            {"expression": 0, "law": "", "condition": ""},
            {"expression": 1, "law": "", "condition": "", "uses": [[0, 0, -1, 0, 0]]}]),
        [('need(all(map(self.speaks', 'need(True or all(map(self.speaks')],
    ),
    "a use of another equation": (
        made(UP, I, ["sum", []], Q, names={"q": "signal"}, given=[["equations", [3], [3]]], lines=[
            {"expression": 0, "law": "", "condition": ""},
            {"expression": 1, "law": "", "condition": "", "uses": [[0, 0, 1, 1, 1]]}]),
        [('need(same, f"line', 'need(True, f"line')],
    ),
}  # fmt: skip


def without(edits):
    """The checker with checks taken away."""
    source = SOURCE
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    module = types.ModuleType("mutant")
    exec(compile(source, "mutant", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("name", FORGED)
def test_forgeries_are_refused_by_one_check_each(name, tmp_path, capsys):
    text, edits = FORGED[name]
    with pytest.raises(checker.Rejected) as rejected:
        checker.check(text)
    assert without(edits).check(text)  # so it is this check that stops it
    (tmp_path / "proof.json").write_text(text)
    assert main(["check", str(tmp_path / "proof.json")]) == rejected.value.status
    assert "rejected" in capsys.readouterr().err
    with pytest.raises(CertificateError, match="rejected"):
        oa.load_proof(tmp_path / "proof.json")


STRICT = {
    "−0": '{"ndim": -0}', "a mark before it": "\ufeff{}", "more after it": "{} {}", "NaN": '{"ndim": NaN}',
    "other digits": '{"ndim": \u0661}', "a number as text": made(UP, UP).replace('"ndim": 1', '"ndim": "1"'),
    "half a letter": made(["formal", "\ud800"], ["formal", "\ud800"], names={"\ud800": "signal"}),
    "a name that prints over": made(["formal", "\x1b[2J"], ["formal", "\x1b[2J"], names={"\x1b[2J": "signal"}),
    "a name with ~": made(["formal", "~~q"], ["formal", "~~q"], names={"~q": "signal"}),
    "a name with ?": made(["formal", "q?"], ["formal", "q?"], names={"q?": "signal"}),
    "an exponent of 0": made(moves([symbol("a", 0), ONE, ONE]), I, symbols={"a": "real"}),
    "a denominator of 0": made(moves([[[1, 0, 0, {}]], ONE, ONE]), I),
    "a witness of a proof": flipped(made(UP, UP), witness=[]),
    "a kind twice": made(UP, UP, symbols={"k": "even even"}), "no row": made(rhs=0), "nothing": "{}",
}  # fmt: skip


@pytest.mark.parametrize("name", STRICT)
def test_what_is_not_of_the_form_is_no_certificate(name):
    with pytest.raises(checker.Rejected, match="not a certificate") as rejected:
        checker.check(STRICT[name])
    assert rejected.value.status == 64


def test_other_files_are_said_to_be_no_certificates(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.arange(300.0))
    (tmp_path / "empty.json").write_text("{}")
    for name in ("x.npy", "empty.json"):
        assert main(["check", str(tmp_path / name)]) == 64
        assert "not a certificate" in capsys.readouterr().err
        with pytest.raises(CertificateError, match="not a certificate"):
            oa.load_proof(tmp_path / name)
    oa.prove(Up(2) @ Down(2), Identity()).save(tmp_path / "refuted.json")
    assert main(["check", str(tmp_path / "refuted.json")]) == 0
    assert capsys.readouterr().out == "the refutation holds\n"


RELATIONS = [
    (Down(2) @ Conv(q) @ (Down(2) @ Conv(q)).H @ Down(2) @ Conv(q), Down(2) @ Conv(q), oa.orthonormal(q, 2), "checked"),
    (Conv(q).H @ Conv(q), Identity(), oa.orthonormal(q, 2), "the refutation holds"),
    (Down(3) @ Conv(h) @ Up(3), Identity(), oa.nyquist(h, 3), "checked"),
    (Conv(h), Identity(), oa.nyquist(h, 3), "the refutation holds"),
    (Conv(q) @ Conv(q).H, Identity(), oa.paraunitary([q, h], 2), "the refutation holds"),
]


@pytest.mark.parametrize(("lhs", "rhs", "given", "said"), RELATIONS, ids=str)
def test_hypotheses_by_equations_have_a_form(lhs, rhs, given, said, tmp_path):
    proof = oa.prove(lhs, rhs, given)
    proof.save(tmp_path / "proof.json")
    assert checker.check((tmp_path / "proof.json").read_text()) == said
    again = oa.load_proof(tmp_path / "proof.json")
    assert (again.verdict, again.given) == (proof.verdict, proof.given)
    assert again.check()
    data = json.loads((tmp_path / "proof.json").read_text())
    if proof:  # without its uses, or without the hypothesis, nothing follows
        del data["lines"][-1]["uses"]
        with pytest.raises(checker.Rejected, match="line 2 does not follow"):
            checker.check(json.dumps(_sealed(data)))


def test_what_a_groebner_basis_alone_proves_has_no_form(tmp_path):
    u, v = sympy.symbols("u v", real=True)
    proof = oa.prove(Conv([u**3 + u * v**2]), Conv([u]), oa.orthonormal(oa.Signal([u, v]), 2))
    assert proof
    with pytest.raises(CertificateError, match="has no form in a certificate"):
        proof.save(tmp_path / "proof.json")


def test_a_bank_of_filters_is_saved(tmp_path):
    h0, h1 = oa.signals("h0 h1")
    bank = oa.filterbank([h0, h1], [oa.Flip() @ h0.conj(), oa.Flip() @ h1.conj()], 2)
    proof = bank.perfect_reconstruction(given=oa.paraunitary([h0, h1], 2))
    proof.save(tmp_path / "proof.json")
    assert checker.check((tmp_path / "proof.json").read_text()) == "checked"
    assert oa.load_proof(tmp_path / "proof.json").given == proof.given


def test_true_certificates_that_others_may_write_are_read(tmp_path):
    """Numbers as fractions, values without symbols, ~q left out where the taps are rational."""
    a = moves([symbol("a"), ONE, ONE])
    for text in (
        flipped(refuted(a, I, at={"a": 2}, values=(2, 1), inverse=1), symbols={"a": "real"}),
        flipped(refuted(Q, I, names={"q": [tap(2)]}, values=([[4, 2, 0, {}]], 1), inverse=1), names={"q": "signal"}),
        made(UP, ["compose", [0]]),
    ):
        (tmp_path / "proof.json").write_text(text)
        assert checker.check(text)
        assert oa.load_proof(tmp_path / "proof.json").verdict == json.loads(text)["verdict"]


@pytest.mark.long
def test_edited_certificates_state_nothing_false():
    counts = certificate_fuzz.run(20260, 0, 2_000)
    assert counts["false"] == 0
    assert min(counts["rejected"], counts["checked"], counts["refuted"], counts["confirmed"]) > 20


def test_some_edited_certificates_state_nothing_false(monkeypatch):
    """Of a few statements, where there is no time for the whole catalogue."""
    few = certificate_fuzz.written(islice(certificate_fuzz.own(), 12))
    monkeypatch.setattr(certificate_fuzz, "originals", lambda: few)
    counts = certificate_fuzz.run(20260, 0, 300)
    assert counts["false"] == 0
    assert min(counts["rejected"], counts["checked"], counts["confirmed"] + counts["refuted"]) > 2


HOLES = {
    "conjugates": ("are_conjugate", lambda self, x, y: True),
    "lines": ("agree", lambda self, *a, **b: True),
    "hypotheses": ("holds", lambda self: True),
    "kinds of symbols": ("fits", lambda self, s, v: True),
}


@pytest.mark.long
@pytest.mark.parametrize("name", HOLES)
def test_the_judge_sees_what_a_checker_with_a_hole_lets_pass(name, monkeypatch):
    originals = certificate_fuzz.originals()
    method, hole = HOLES[name]
    monkeypatch.setattr(checker.Checker, method, hole)
    assert certificate_fuzz.originals() is originals
    found = 0
    for number in range(4_000):
        found += bool(certificate_fuzz.judged(5, number)[1])
        if found:
            break
    assert found


def test_rows_and_what_is_read_of_them_are_one_thing():
    """The judge of rows and the judge of expressions agree on the originals: what is shown is what was checked."""
    from opalgebra.algebra.certificates.reader import _Reader
    from tests.judge import Judge

    seen = 0
    for text in certificate_fuzz.originals():
        data = json.loads(text)
        if len(data["minimal"]) > 2 or data["symbols"] or data["ndim"] > 1 or any(
            len(entry) > 3 for kind, a in data["nodes"] if kind == "moves" for entry in a
        ):  # fmt: skip
            continue
        rng = random.Random(seen)
        kernels = {}
        for name, kind in data["names"].items():
            taps = {(i,): rng.randrange(1, 9) for i in range(-2, 3)}
            taps = {at: taps[(abs(at[0]),)] for at in taps} if "even" in kind else taps
            if kind == "operator":
                taps = {(i, j): rng.randrange(1, 9) for i in range(-1, 2) for j in range(-1, 2)}
            kernels[name] = kernels["~" + name] = taps
        judge = Judge(
            1, {s: {((i[:1], i[1:]) if len(i) > 1 else i): v for i, v in t.items()} for s, t in kernels.items()}
        )
        rows = Rows(data, {}, kernels)
        refs = [data["lhs"], data["rhs"]]
        for i, side in zip(refs, _Reader(data).sides(refs), strict=True):
            for n in (0,) if data["signals"] else range(-4, 5):
                found = {at[1:]: v for at, v in rows.apply(i, {(0, n): 1}).items()}
                shown = judge.signal(side) if data["signals"] else judge.apply(side, {(n,): 1})
                assert found == shown
        seen += 1
    assert seen > 60


def test_the_judge_refutes():
    false = json.loads(made(UP, I))
    assert fault(false, "checked", random.Random(0))
    assert not fault(json.loads(made(UP, ["compose", [0]])), "checked", random.Random(0))
