"""The command line: ``opalgebra prove "Conv(q) @ Up(k) == (Down(k) @ Conv(q).T).T"``.

Exit status: 0 done or proved, 1 refuted, 2 undecided, 64 bad input.  Of ``check``: 0 holds, 2 confirmed for instances
only, 1 does not hold, 64 cannot be checked.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from .errors import OpAlgebraError, OperandError, ParseError
from .expr import LinearOperator, SignalExpr, formal_parts
from .parse import parse_expression, parse_statement
from .parse.statements import bindings, hypotheses
from .show.notation.ascii import say

BAD_INPUT = 64  # EX_USAGE of sysexits.h
VERDICTS = {"proved": 0, "refuted": 1, "undecided": 2}


class _Usage(Exception):
    """A command line that argparse does not accept."""


class _Parser(argparse.ArgumentParser):
    """Ends with 64 and not with argparse's 2, which means undecided here."""

    def error(self, message: str) -> NoReturn:
        raise _Usage(f"{message}\n{self.format_usage().rstrip()}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="opalgebra", description="Convolution and resampling as algebra: prove, render, run.")
    parser.add_argument("--version", action="version", version=f"opalgebra {_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("tour", help="derive, prove, render and run the headline identities")
    _add_prove(commands)
    check = commands.add_parser("check", help="check a proof that was saved; 0 holds, 2 for instances only, 1 does not")
    check.add_argument("path", metavar="PROOF.json", help="what p.save(path) has written")
    laws = commands.add_parser("laws", help="the catalogue of laws")
    laws.add_argument("name", nargs="?", metavar="NAME", help="one law; all without it")
    laws.add_argument("--latex", action="store_true", help="as LaTeX")
    run = commands.add_parser("run", help="apply an operator to a file")
    run.add_argument("expression", metavar="EXPR", help="an operator, such as 'Down(2) @ Conv([1,2,1])'")
    run.add_argument("source", metavar="IN", help=".npy, .wav or .png")
    run.add_argument("target", metavar="OUT", help=".npy, .wav or .png")
    run.add_argument("--rate", type=_rate, metavar="HZ", help="sample rate of a .wav OUT; that of IN without it")
    run.add_argument("--overwrite", action="store_true", help="OUT may be IN, which is then replaced")
    explain = commands.add_parser("explain", help="windows and multiply-adds of every step of a run")
    explain.add_argument("expression", metavar="EXPR")
    explain.add_argument("--shape", required=True, metavar="N", help="samples of the input: 512, 480x640 or 480,640")
    simplify = commands.add_parser("simplify", help="the canonical form of an expression")
    simplify.add_argument("expression", metavar="EXPR")
    simplify.add_argument("--latex", action="store_true", help="as LaTeX")
    optimize = commands.add_parser("optimize", help="the cheapest equal expression found, the laws used, and the costs")
    optimize.add_argument("expression", metavar="EXPR")
    optimize.add_argument("--cost", metavar="NAME", help="multiply_adds (without it), memory, size, naive or time")
    optimize.add_argument("--latex", action="store_true", help="the derivation as LaTeX")
    commands.add_parser("bench", help="operators on arrays beside SciPy and NumPy")
    for command in (run, explain, simplify, optimize):
        _add_let(command)
    return parser


def _rate(text: str) -> int:
    rate = int(text) if text.isdecimal() and len(text) < 10 else 0
    if not rate:
        raise argparse.ArgumentTypeError(f"{text} is no sample rate; give a positive int, such as 44100")
    return rate


def _add_prove(commands: Any) -> None:
    prove = commands.add_parser("prove", help="decide whether two expressions are equal")
    prove.add_argument("statement", metavar="STATEMENT", help="'left == right'; names are formal signals and factors")
    prove.add_argument(
        "--given", action="append", default=[], metavar="CONDITION", help="such as 'coprime(k, m)' or 'r < k'"
    )
    shown = prove.add_mutually_exclusive_group()
    shown.add_argument("--latex", action="store_true", help="the derivation as LaTeX")
    shown.add_argument("--markdown", action="store_true", help="the derivation as Markdown")
    _add_let(prove)


def _add_let(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--let", action="append", default=[], metavar="NAME=VALUE", help="bind a name, such as q=[1,2,1] or k=2"
    )


def _version() -> str:
    from . import __version__

    return __version__


def _bound(entries: Sequence[str]) -> dict[str, Any]:
    return bindings(entries, "--let")


def _operator(text: str, let: Sequence[str]) -> LinearOperator:
    expression = parse_expression(text, _bound(let))
    if not isinstance(expression, LinearOperator):
        raise OperandError(f"{text} is a signal; an operator is expected, such as Down(2) @ Conv([1,2,1])")
    return expression


def _say(text: str) -> None:
    say(text, sys.stdout)


def _tour(options: argparse.Namespace) -> int:
    from importlib import import_module

    status: int = import_module("opalgebra.tour").main(sys.stdout)
    return status


def _bench(options: argparse.Namespace) -> int:
    from .bench import main as bench

    return bench(sys.stdout)


def _prove(options: argparse.Namespace) -> int:
    import opalgebra

    let = _bound(options.let)
    left, right = parse_statement(options.statement, let)
    proof = opalgebra.prove(left, right, given=hypotheses(options.given, let, left, right))
    if options.latex or options.markdown:
        _say(proof.latex() if options.latex else proof._repr_markdown_())
    else:
        _say(str(proof))
    return VERDICTS[proof.verdict]


def _check(options: argparse.Namespace) -> int:
    from .algebra.certificates.checker import main as check

    return check([options.path])


def _laws(options: argparse.Namespace) -> int:
    import opalgebra

    chosen = [opalgebra.laws[options.name]] if options.name else list(opalgebra.laws.values())
    for law in chosen:
        _say(law.latex() if options.latex else str(law))
    return 0


def _run(options: argparse.Namespace) -> int:
    from .files import kind_of
    from .files.processing import describe, run

    for path in (options.target, options.source):
        kind_of(path)
    operator = _operator(options.expression, options.let)
    result, notes = run(operator, options.source, options.target, options.rate, options.overwrite)
    for line in (describe(options.target, result), *notes):
        _say(line)
    return 0


def _explain(options: argparse.Namespace) -> int:
    from ._verbs import verb
    from .engine.letters.outline import stays_by_letters

    operator, shape = _operator(options.expression, options.let), _shape(options.shape)
    _say(str(verb("explain")(operator, shape)))
    if not stays_by_letters(operator):
        _say(f"\nas it runs on an array:\n{operator.on(shape).explain()}")
    return 0


def _shape(text: str) -> int | tuple[int, ...]:
    entries = re.split(r"\s*[x×,]\s*", text.strip().strip("()").rstrip(", "))
    if not all(re.fullmatch(r"[0-9]{1,18}", entry) for entry in entries):
        raise ParseError(f"--shape {text} is not a number of samples per axis; write 512, 480x640 or 480,640")
    sizes = tuple(int(entry) for entry in entries)
    return sizes[0] if len(sizes) == 1 else sizes


def _simplify(options: argparse.Namespace) -> int:
    expression = parse_expression(options.expression, _bound(options.let))
    if isinstance(expression, SignalExpr):
        raise OperandError(f"{options.expression} is a signal; simplify takes an operator")
    simple = expression.simplify()
    _say(format(simple, "latex") if options.latex else str(simple))
    return 0


def _optimize(options: argparse.Namespace) -> int:
    from .algebra.derive.derivation import derive

    operator = _operator(options.expression, options.let)
    derivation = derive(operator).optimize(options.cost)
    if options.latex:
        _say(derivation.latex())
        return 0
    _say(str(derivation))
    best: Any = derivation.expression
    if not formal_parts(operator):
        for name, cost in (("before", operator.cost()), ("after", best.cost())):
            _say(f"{name}: {cost.multiply_adds} multiply-adds per output sample, {cost.naive} as written")
    return 0


COMMANDS = {
    "tour": _tour,
    "prove": _prove,
    "check": _check,
    "laws": _laws,
    "run": _run,
    "explain": _explain,
    "simplify": _simplify,
    "optimize": _optimize,
    "bench": _bench,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    >>> main(["explain", "Down(2)", "--shape", "none"])
    64
    """
    try:
        options = _parser().parse_args(argv)
        return COMMANDS[options.command](options)
    except (_Usage, OpAlgebraError) as error:
        say(f"opalgebra: {error}", sys.stderr)
        return BAD_INPUT
    except MemoryError:
        say("opalgebra: there is not enough memory; give a smaller input, or one in pieces", sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
