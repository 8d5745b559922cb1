"""Bound operators made of others: transposes, products, sums, multiples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from ..._verbs import verb
from ...engine.arrays.arithmetic import Numbers, check_bound, magnitude, scaled
from ...errors import DimensionError, FormalSignalError
from ...scalar import Scalar, conjugate, exact, is_sympy, to_sympy
from ..arrays.dask_ import Job, cut, elementwise
from ..arrays.dask_chains import chained, gathered, in_one, longest_chain
from ..arrays.precision import Precision
from .base import BoundOperator, Shape


def turned(operator: BoundOperator, transposed: bool, conjugated: bool) -> BoundOperator:
    """Fᵀ, Fᴴ or conj(F); what is turned twice is turned once, or not at all."""
    if isinstance(operator, Turned):
        transposed, conjugated = transposed != operator.transposed, conjugated != operator.conjugated
        operator = operator.operator
    if not (transposed or conjugated):
        return operator
    return _kind(Turned, operator)(operator, transposed, conjugated)


def composed(*factors: BoundOperator) -> BoundOperator:
    """F G …"""
    return _kind(Product, *factors)(factors)


def added(*terms: BoundOperator) -> BoundOperator:
    """F + G + …"""
    return _kind(Total, *terms)(terms)


def multiplied(scalar: Scalar, operator: BoundOperator) -> BoundOperator:
    """c F."""
    return _kind(Scaled, operator)(scalar, operator)


def _kind(plain: type[Combined], *parts: BoundOperator) -> Any:
    """The class for operators on arrays, or that of a family where a part stands for all sizes."""
    return next((part._combined[plain] for part in parts if part.is_family), plain)


class Combined(BoundOperator):
    """An operator made of others, its ``children``: those of a product from left to right."""

    def __init__(self, children: tuple[BoundOperator, ...], first: BoundOperator, last: BoundOperator) -> None:
        self.children, self._reader, self._writer = children, first, last
        self.in_window, self.out_window = first.in_window, last.out_window

    @abstractmethod
    def made_of(self, *children: BoundOperator) -> BoundOperator:
        """The same of other operators."""

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return self._reader.dims

    @property
    def dimsd(self) -> Shape:
        """Shape of the output."""
        return self._writer.dimsd

    @property
    def dtype(self) -> Any:
        """The result type of the children."""
        return np.result_type(*(child.dtype for child in self.children))

    def _stored(self) -> BoundOperator:
        return self.made_of(*(child._stored() for child in self.children))

    def _key(self) -> tuple[Any, ...]:
        return self.children


def walk(operator: BoundOperator) -> Iterator[BoundOperator]:
    """The operator and all that it is made of, from left to right."""
    yield operator
    if isinstance(operator, Combined):
        for child in operator.children:
            yield from walk(child)


def rebuilt(operator: BoundOperator, change: Callable[[BoundOperator], BoundOperator]) -> BoundOperator:
    """The operator with something else in place of every one that is not made of others."""
    if not isinstance(operator, Combined):
        return change(operator)
    return operator.made_of(*(rebuilt(child, change) for child in operator.children))


class Turned(Combined):
    """Fᵀ, Fᴴ or conj(F)."""

    def __init__(self, operator: BoundOperator, transposed: bool, conjugated: bool) -> None:
        super().__init__((operator,), operator, operator)
        self.operator, self.transposed, self.conjugated = operator, transposed, conjugated
        if transposed:
            self.in_window, self.out_window = self.out_window, self.in_window

    def made_of(self, *children: BoundOperator) -> BoundOperator:
        """Turned in the same way."""
        (operator,) = children
        return turned(operator, self.transposed, self.conjugated)

    @property
    def dims(self) -> Shape:
        """Shape of the input."""
        return self.operator.dimsd if self.transposed else self.operator.dims

    @property
    def dimsd(self) -> Shape:
        """Shape of the output."""
        return self.operator.dims if self.transposed else self.operator.dimsd

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        return self.operator._act(x, transposed != self.transposed, conjugated != self.conjugated)

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        return self.operator._act_lazily(x, transposed != self.transposed, conjugated != self.conjugated)

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        return self.operator._job(transposed != self.transposed, conjugated != self.conjugated)

    def _held(self, transposed: bool) -> int:
        return self.operator._held(transposed != self.transposed)

    def _prepared(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        return self.operator._prepared(shape, dtype, transposed != self.transposed, conjugated != self.conjugated)

    def _only_filter(self, shape: Shape, dtype: Any, transposed: bool, conjugated: bool) -> Any:
        return self.operator._only_filter(shape, dtype, transposed != self.transposed, conjugated != self.conjugated)

    def _result(self, data: Any) -> Any:
        return self.operator._result(data)

    def _gain(self) -> float:
        return self.operator._gain()

    def _exact(self) -> np.ndarray:
        entries = self.operator._exact()
        if self.conjugated:
            entries = np.frompyfunc(conjugate, 1, 1)(entries)
        return entries.T if self.transposed else entries

    def __repr__(self) -> str:
        return _code(self.operator) + {(True, False): ".T", (True, True): ".H", (False, True): ".conj()"}[self._mode]

    def __str__(self) -> str:
        return f"({self.operator})" + {(True, False): "ᵀ", (True, True): "ᴴ", (False, True): "*"}[self._mode]

    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        mark = {(True, False): "^{T}", (True, True): "^{H}", (False, True): "^{*}"}[self._mode]
        return rf"\left({self.operator.latex()}\right){mark}"

    @property
    def _mode(self) -> tuple[bool, bool]:
        return self.transposed, self.conjugated

    def _key(self) -> tuple[Any, ...]:
        return self.operator, self.transposed, self.conjugated


def _code(operator: BoundOperator) -> str:
    """Between brackets where it is a sum, a product or a multiple."""
    return f"({operator!r})" if isinstance(operator, (Total, Product, Scaled)) else repr(operator)


def _expanded(entries: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.frompyfunc(lambda v: exact(v.expand()) if is_sympy(v) else v, 1, 1)(entries)
    return found


class Product(Combined):
    """F G …, applied from right to left."""

    is_opened = True  # whether the factors become factors of a product of which this is one
    made_of = staticmethod(composed)

    def __init__(self, factors: tuple[BoundOperator, ...]) -> None:
        flat: list[BoundOperator] = []
        for factor in factors:
            flat.extend(factor.factors if isinstance(factor, Product) and factor.is_opened else (factor,))
        for left, right in pairwise(flat):
            self._check(left, right)
        super().__init__(tuple(flat), flat[-1], flat[0])
        self.factors: tuple[BoundOperator, ...] = self.children

    def _check(self, left: BoundOperator, right: BoundOperator) -> None:
        if left.dims != right.dimsd:
            raise DimensionError(
                f"the windows do not fit: {right} gives arrays of shape {right.dimsd}, and {left} takes "
                f"{left.dims}; bind one of them with other sizes, or with out=(start, stop)"
            )

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        for factor in self.factors if transposed else self.factors[::-1]:
            x = factor._act(x, transposed, conjugated)
        return x

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        """As many factors at once as go into one task for every block."""
        factors = self.factors if transposed else self.factors[::-1]
        jobs = [factor._job(transposed, conjugated) for factor in factors]
        while factors:
            dtypes = list(accumulate(factors, lambda data, factor: factor._result(data), initial=x.dtype))[1:]
            count, job = longest_chain(x, jobs, dtypes)
            x = factors[0]._act_lazily(x, transposed, conjugated) if job is None else cut(x, job, dtypes[count - 1])
            factors, jobs = factors[count:], jobs[count:]
        return x

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        factors = self.factors if transposed else self.factors[::-1]
        return chained([factor._job(transposed, conjugated) for factor in factors])

    def _held(self, transposed: bool) -> int:
        return max(factor._held(transposed) for factor in self.factors)

    def _result(self, data: Any) -> Any:
        for factor in self.factors[::-1]:
            data = factor._result(data)
        return data

    def _gain(self) -> float:
        return prod(factor._gain() for factor in self.factors)

    def _exact(self) -> np.ndarray:
        result = self.factors[0]._exact()
        for factor in self.factors[1:]:
            result = _object_product(result, factor._exact())
        return result

    def out_size(self, n: Any) -> Any:
        """The size after all factors."""
        for factor in self.factors[::-1]:
            n = factor.out_size(n)
        return n

    def __repr__(self) -> str:
        return " @ ".join(f"({f!r})" if isinstance(f, (Total, Scaled)) else repr(f) for f in self.factors)

    def __str__(self) -> str:
        return " ".join(f"({factor})" for factor in self.factors)

    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        return r"\,".join(f"({f.latex()})" if isinstance(f, Total) else f.latex() for f in self.factors)


def _object_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rows times columns; only nonzero entries are multiplied."""
    result = np.zeros((a.shape[0], b.shape[1]), dtype=object)
    rows = [[(j, b[i, j]) for j in np.flatnonzero(b[i] != 0)] for i in range(b.shape[0])]
    for i in range(a.shape[0]):
        for k in np.flatnonzero(a[i] != 0):
            for j, value in rows[k]:
                result[i, j] += a[i, k] * value
    return _expanded(result)


class Total(Combined):
    """F + G + …"""

    made_of = staticmethod(added)

    def __init__(self, terms: tuple[BoundOperator, ...]) -> None:
        flat: list[BoundOperator] = []
        for term in terms:
            flat.extend(term.terms if isinstance(term, Total) else (term,))
        first = flat[0]
        for term in flat[1:]:
            self._check(first, term)
        super().__init__(tuple(flat), first, first)
        self.terms: tuple[BoundOperator, ...] = self.children

    def _check(self, first: BoundOperator, term: BoundOperator) -> None:
        if (term.dims, term.dimsd) != (first.dims, first.dimsd):
            raise DimensionError(
                f"the windows do not fit: {first} maps {first.dims} to {first.dimsd}, {term} maps {term.dims} to "
                f"{term.dimsd}; bind both with the same sizes and out=(start, stop)"
            )
        if (term.in_window, term.out_window) != (first.in_window, first.out_window):
            raise DimensionError(
                f"the windows do not fit: {first} maps {first.in_window} to {first.out_window}, {term} maps "
                f"{term.in_window} to {term.out_window}; bind both with the same out=(start, stop)"
            )

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        return _added(*(term._act(x, transposed, conjugated) for term in self.terms))

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        made = in_one(x, self._job(transposed, conjugated), self._result(x.dtype))
        if made is None:
            parts = [term._act_lazily(x, transposed, conjugated) for term in self.terms]
            made = elementwise(_added, np.result_type(*parts), *parts)
        return made

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        return gathered(_added, "sum", [term._job(transposed, conjugated) for term in self.terms])

    def _held(self, transposed: bool) -> int:
        return max(term._held(transposed) for term in self.terms) + prod(self.dims if transposed else self.dimsd)

    def _result(self, data: Any) -> Any:
        return np.result_type(*(term._result(data) for term in self.terms))

    def _gain(self) -> float:
        return sum(term._gain() for term in self.terms)

    def _exact(self) -> np.ndarray:
        parts = [term._exact() for term in self.terms]
        return _expanded(sum(parts[1:], parts[0]))

    def out_size(self, n: Any) -> Any:
        """The size that all terms have."""
        sizes = {term.out_size(n) for term in self.terms}
        if len(sizes) > 1:
            raise DimensionError(f"for the size {n} the terms of {self} have the sizes {sizes}")
        return sizes.pop()

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.terms))

    def __str__(self) -> str:
        return " + ".join(f"({term})" for term in self.terms)

    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        return " + ".join(term.latex() for term in self.terms)


def _added(*parts: np.ndarray) -> np.ndarray:
    if all(part.dtype.kind == "i" for part in parts):
        check_bound(sum(map(magnitude, parts)))
    return sum(parts[1:], parts[0])


class Scaled(Combined):
    """c F."""

    def __init__(self, scalar: Scalar, operator: BoundOperator) -> None:
        super().__init__((operator,), operator, operator)
        self.scalar, self.operator = scalar, operator

    def made_of(self, *children: BoundOperator) -> BoundOperator:
        """The same multiple."""
        return multiplied(self.scalar, *children)

    @property
    def dtype(self) -> Any:
        """Complex where c is."""
        return Precision.of_scalar(self.scalar).result(np.dtype(self.operator.dtype))

    def _act(self, x: np.ndarray, transposed: bool, conjugated: bool) -> np.ndarray:
        return _times(self._factor(conjugated), self.operator._act(x, transposed, conjugated))

    def _act_lazily(self, x: Any, transposed: bool, conjugated: bool) -> Any:
        made = in_one(x, self._job(transposed, conjugated), self._result(x.dtype))
        if made is None:
            times = partial(_times, self._factor(conjugated))
            made = elementwise(times, self._result(x.dtype), self.operator._act_lazily(x, transposed, conjugated))
        return made

    def _job(self, transposed: bool, conjugated: bool) -> Job | None:
        factor = self._factor(conjugated)
        return gathered(partial(_times, factor), ("times", factor), [self.operator._job(transposed, conjugated)])

    def _held(self, transposed: bool) -> int:
        return self.operator._held(transposed) + prod(self.dims if transposed else self.dimsd)

    def _factor(self, conjugated: bool) -> Scalar:
        if is_sympy(self.scalar) and self.scalar.free_symbols:
            raise FormalSignalError(
                f"the factor {self.scalar} has symbols and cannot run on numbers; the exact matrix is .matrix()"
            )
        return conjugate(self.scalar) if conjugated else self.scalar

    def _result(self, data: Any) -> Any:
        return Precision.of_scalar(self.scalar).result(self.operator._result(data))

    def _gain(self) -> float:
        return float(abs(complex(self.scalar))) * self.operator._gain()

    def _exact(self) -> np.ndarray:
        factor = exact(self.scalar)
        found: np.ndarray = np.frompyfunc(lambda v: v * factor, 1, 1)(self.operator._exact())
        return found

    def out_size(self, n: Any) -> Any:
        """That of F."""
        return self.operator.out_size(n)

    def __repr__(self) -> str:
        return f"{verb('scalar_code')(self.scalar)} * {_code(self.operator)}"

    def __str__(self) -> str:
        return f"{self.scalar} ({self.operator})"

    def latex(self) -> str:
        """LaTeX for mathematics mode."""
        inner = self.operator.latex()
        return str(verb("latex")(to_sympy(self.scalar))) + (
            rf"\,({inner})" if isinstance(self.operator, Total) else rf"\,{inner}"
        )

    def _key(self) -> tuple[Any, ...]:
        return self.scalar, self.operator


def _times(scalar: Scalar, y: np.ndarray) -> np.ndarray:
    return scaled(Numbers(y, False), scalar).array
