"""Rules of np.einsum."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Domain, Shape, anything, case, cases, complex_numbers

ONE: dict[str, tuple[Shape, ...]] = {
    "ij->ji": ((2, 3), (0, 3), (1, 3)),
    "ij": ((2, 3),),
    "ba": ((2, 3),),
    "ij->": ((2, 3), (0, 3)),
    "ij->j...": ((2, 3),),
    "ij->j": ((2, 3), (1, 3), (0, 3)),
    "ii": ((3, 3), (1, 1), (0, 0)),
    "ii->i": ((3, 3), (1, 1)),
    "iij->ij": ((3, 3, 2),),
    "iij->j": ((3, 3, 2),),
    "iji": ((3, 2, 3),),
    "iii->i": ((3, 3, 3),),
    "iijj->ij": ((2, 2, 3, 3),),
    "jiij->i": ((2, 3, 3, 2),),
    "...ii->...i": ((2, 3, 3), (3, 3)),
    "...ij->...ji": ((4, 2, 3), (2, 3)),
    "i...->...": ((2, 3), (2,)),
    "...": ((), (2, 3)),
    "...->": ((),),
    "...i": ((2, 3),),
    "": ((),),
    "i j -> j": ((2, 3),),
}
for _subscripts, _shapes in ONE.items():
    for _shape in _shapes:
        case(f"einsum_{_subscripts}", lambda x, s=_subscripts: np.einsum(s, x), _shape)

TWO: dict[str, tuple[tuple[Shape, Shape], ...]] = {
    "ij,jk->ik": (((2, 3), (3, 4)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((2, 1), (1, 3))),
    "ij,jk": (((2, 3), (3, 4)),),
    "ij,jk->ki": (((2, 3), (3, 4)),),
    "ba,cb": (((2, 3), (4, 2)),),
    "i,i": (((3,), (3,)), ((0,), (0,))),
    "i,j": (((3,), (2,)),),
    "i,j->ji": (((3,), (2,)),),
    ",ij": (((), (2, 3)),),
    ",": (((), ()),),
    "ij,ij->ij": (((2, 3), (2, 3)),),
    "ij,ij": (((2, 3), (2, 3)),),
    "ij,kl->ik": (((2, 3), (4, 5)),),  # each has an index of its own that is summed over
    "ij,k->": (((2, 3), (4,)),),
    "ij,k->j": (((2, 3), (0,)),),
    "ii,i->i": (((3, 3), (3,)),),
    "ii,ij->j": (((3, 3), (3, 2)),),
    "ii,jj->": (((3, 3), (2, 2)),),
    "iij,jk->ik": (((3, 3, 2), (2, 4)),),
    "bij,bjk->bik": (((5, 2, 3), (5, 3, 4)), ((0, 2, 3), (0, 3, 4))),
    "bhij,bjk->bhik": (((2, 3, 4, 5), (2, 5, 1)),),
    "...ij,...jk->...ik": (((5, 2, 3), (5, 3, 4)), ((5, 2, 3), (3, 4)), ((6, 1, 2, 3), (5, 3, 4))),
    "...ij,...jk": (((5, 2, 3), (3, 4)),),
    "...,...": (((2, 3), (3,)), ((), (3,)), ((2, 1), (1, 3))),
    "...i,i...": (((2, 3), (3, 2)),),
    "i...,...i->i...": (((3, 2), (4, 2, 3)),),
    "...a,b...->ab...": (((4, 2), (3, 5, 4)),),
    "zA,Ab->bz": (((2, 3), (3, 4)),),
}
for _subscripts, _pairs in TWO.items():
    for _pair in _pairs:
        case(f"einsum_{_subscripts}", lambda a, b, s=_subscripts: np.einsum(s, a, b), *_pair)

# An axis of size 1 is stretched, as elsewhere.
STRETCHED: dict[str, tuple[tuple[Shape, Shape], ...]] = {
    "ij,ij->ij": (((1, 3), (2, 3)), ((2, 1), (1, 3)), ((1, 1), (2, 3))),
    "ij,jk->ik": (((2, 1), (3, 4)), ((2, 3), (1, 4))),
    "i,i": (((1,), (3,)), ((3,), (1,))),
    "i,i->": (((1,), (0,)),),
    "...i,...i->...": (((1, 3), (4, 2, 1)),),
    "ii,i->i": (((1, 1), (3,)), ((3, 3), (1,))),
}
for _subscripts, _pairs in STRETCHED.items():
    for _pair in _pairs:
        case(f"einsum_stretched_{_subscripts}", lambda a, b, s=_subscripts: np.einsum(s, a, b), *_pair)

MANY: dict[str, tuple[tuple[Shape, ...], ...]] = {
    "ij,jk,kl->il": (((2, 3), (3, 4), (4, 5)),),
    "i,ij,j": (((2,), (2, 3), (3,)),),
    "i,i,i->i": (((3,), (3,), (1,)),),
    "ij,ik,il->jkl": (((4, 2), (4, 3), (4, 1)),),
    "bi,ijk,bk->bj": (((2, 3), (3, 4, 5), (2, 5)),),
    "...i,ij,...j->...": (((4, 2), (2, 3), (4, 3)),),
    "a,b,c,d": (((2,), (1,), (3,), (2,)),),
    "ij,jk,kl,lm->im": (((2, 3), (3, 2), (2, 4), (4, 3)),),
    "ii,,ij->j": (((3, 3), (), (3, 2)),),
}
for _subscripts, _groups in MANY.items():
    for _group in _groups:
        case(f"einsum_{_subscripts}", lambda *x, s=_subscripts: np.einsum(s, *x), *_group)
        case(f"einsum_optimized_{_subscripts}", lambda *x, s=_subscripts: np.einsum(s, *x, optimize=True), *_group)

PATH = ["einsum_path", (1, 2), (0, 1)]
for _optimize in ("greedy", "optimal", ("greedy", 100), PATH, tuple(PATH)):
    case(
        f"einsum_optimize_{_optimize}",
        lambda a, b, c, optimize=_optimize: np.einsum("ij,jk,kl->il", a, b, c, optimize=optimize),
        *((2, 3), (3, 4), (4, 5)),
    )
cases(
    anything,
    ((2, 3), (3, 4)),
    einsum_optimized=lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True),
    einsum_float64=lambda a, b: np.einsum("ij,jk->ik", a, b, dtype=np.float64),
    einsum_complex=lambda a, b: np.einsum("ij,jk->ik", a, b, dtype=np.complex128),
    einsum_order=lambda a, b: np.einsum("ij,jk->ik", a, b, order="F"),
    einsum_sublists=lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
    einsum_sublists_turned=lambda a, b: np.einsum(a, (0, 1), b, (1, 2), (2, 0)),
    einsum_sublists_implicit=lambda a, b: np.einsum(a, [5, 3], b, [3, 2]),
    einsum_sublists_ellipsis=lambda a, b: np.einsum(a, [..., 7], b, [7, 9], [..., 9]),
    einsum_sublists_optimized=lambda a, b: np.einsum(a, [0, np.int64(1)], b, [1, 2], [0, 2], optimize=True),
    einsum_sublists_of_many_letters=lambda a, b: np.einsum(a, [30, 2], b, [2, 51]),
)
case("einsum_sublist", lambda x: np.einsum(x, [0, 0, 1], [1]), (3, 3, 2))
case("einsum_sublist_implicit", lambda x: np.einsum(x, [1, 0]), (3, 2))
case("einsum_with_a_number", lambda x: np.einsum(",i->i", 2.0, x), (3,))
case("einsum_with_numbers", lambda x: np.einsum(",i,->i", 2.0, x, 3), (3,))
case("einsum_with_a_list", lambda x: np.einsum("i,ij->j", [1.0, 2.0], x), (2, 3))
case("einsum_with_a_constant_in_the_middle", lambda x: np.einsum("i,ij,j->i", x, np.ones((3, 3)), x), (3,))
case("einsum_of_much", lambda a, b: np.einsum("ij,jk->i", a, b), (20, 60), (60, 50))  # enough to plan for

for _domains in (
    (complex_numbers, complex_numbers),
    (anything, complex_numbers),
    (complex_numbers, anything),
):
    both: tuple[Domain, ...] = _domains
    kinds = "_".join(domain.__name__ for domain in both)
    pair: Any = both
    case(f"einsum_product_of_{kinds}", lambda a, b: np.einsum("ij,jk->ki", a, b), (2, 3), (3, 4), at=pair)
    case(f"einsum_diagonal_of_{kinds}", lambda a, b: np.einsum("ii,j->i", a, b), (3, 3), (2,), at=pair)
    case(f"einsum_stretched_of_{kinds}", lambda a, b: np.einsum("...i,...i", a, b), (2, 1), (4, 1, 3), at=pair)
cases(complex_numbers, ((2, 3), (3,), (2,)), einsum_complex_form=lambda a, b, c: np.einsum("ij,j,i", a, b, c))
