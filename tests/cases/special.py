"""Rules of scipy.special's ufuncs."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from .table import Domain, Shape, anything, cases, complex_numbers, positive, probability

ONE: tuple[Shape, ...] = ((), (2, 1, 3), (0, 2))
SOME: tuple[Shape, ...] = ((2, 3),)
MORE: tuple[Shape, ...] = ((2, 3), ())
TWO: tuple[tuple[Shape, Shape], ...] = (((), ()), ((4, 3), (3,)), ((3, 1), (1, 4)), ((2, 3), ()), ((0, 3), (3,)))
PAIR: tuple[tuple[Shape, Shape], ...] = (((3, 1), (1, 4)), ((), (2,)))


def between(low: float, high: float) -> Domain:
    return lambda generator, shape: generator.uniform(low, high, shape)


def above_half(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.75, 3, shape)


def right_half_plane(generator: np.random.Generator, shape: Shape) -> Any:
    return positive(generator, shape) + 1j * anything(generator, shape)


def ufuncs(*names: str) -> dict[str, Any]:
    return {f"special_{name}": getattr(special, name) for name in names}


def at_order(order: Any, *names: str) -> dict[str, Any]:
    """Functions of an order and an argument, at an order."""
    written = "_".join(map(str, np.ravel(order))).replace(".", "_")
    return {f"special_{name}_{written}": lambda x, name=name: getattr(special, name)(order, x) for name in names}


def result(name: str, which: int) -> dict[str, Any]:
    """One of several results."""
    return {f"special_{name}_{which}": lambda x: getattr(special, name)(x)[which]}


def all_results(name: str) -> dict[str, Any]:
    def mixed(x: Any) -> Any:
        return sum([(1.5 - i) * y * y for i, y in enumerate(getattr(special, name)(x))])

    return {f"special_{name}_all": mixed}


# ---- elementary ----------------------------------------------------------------------------------------------

cases(anything, *ONE, **ufuncs("expit", "log_expit", "expm1", "exp2", "cbrt", "exprel", "wrightomega"))
cases(anything, *MORE, **ufuncs("exp10", "sindg", "cosdg", "tandg", "cosm1"))
cases(between(20, 80), *MORE, **ufuncs("cotdg"))
cases(positive, *MORE, **ufuncs("log1p", "entr"))
cases(probability, *MORE, **ufuncs("logit"))
cases(positive, *TWO, **ufuncs("xlogy", "xlog1py", "rel_entr", "kl_div"))
cases(positive, *PAIR, **ufuncs("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "powm1", "pseudo_huber"))
cases((positive, between(0.02, 0.4)), ((2, 3), (2, 3)), special_huber_outside=lambda r, d: special.huber(d, r))
cases((between(2, 3), between(-1.5, 1.5)), *PAIR, special_huber_inside=special.huber)
cases(anything, ((2, 3), (3,), ()), ((), (), ()), special_radian=special.radian)
cases(
    positive,
    (2, 3),
    special_xlogy_by_a_number=lambda x: special.xlogy(2, x),
    special_xlogy_of_a_number=lambda x: special.xlogy(x, 2.0),
    special_xlogy_of_zeros=lambda x: special.xlogy(np.float32([0, 1, 0]), x),
    special_xlog1py_of_a_number=lambda x: special.xlog1py(x, 0.5),
    special_rel_entr_of_a_number=lambda x: special.rel_entr(x, 0.5) + special.rel_entr(0.5, x),
    special_kl_div_of_a_number=lambda x: special.kl_div(x, 0.5) + special.kl_div(0.5, x),
    special_boxcox_of_a_number=lambda x: special.boxcox(2.0, x) + special.boxcox(x, 0.5),
    special_boxcox1p_of_a_number=lambda x: special.boxcox1p(2.0, x) + special.boxcox1p(x, 0),
    special_inv_boxcox_of_a_number=lambda x: special.inv_boxcox(2.0, x) + special.inv_boxcox(x, 0),
    special_pseudo_huber_of_a_number=lambda x: special.pseudo_huber(0.5, x) + special.pseudo_huber(x, 0.5),
)
cases(
    between(-0.1, 0.1),
    (2, 3),
    special_exprel_at_0=special.exprel,
    special_boxcox_at_0=lambda x: special.boxcox(1.5, x) + special.inv_boxcox(0.5, x),
)
cases(complex_numbers, *SOME, **{f"{k}_complex": f for k, f in ufuncs("expm1", "log1p", "wrightomega").items()})
cases(complex_numbers, *PAIR, **{f"{k}_complex": f for k, f in ufuncs("xlogy", "xlog1py").items()})

# ---- error functions -------------------------------------------------------------------------------------------

cases(anything, *ONE, **ufuncs("erf", "erfc", "ndtr", "log_ndtr"))
cases(anything, *SOME, **ufuncs("erfcx", "erfi", "dawsn", "wofz"))
cases(between(-0.7, 0.7), *MORE, **ufuncs("erfinv"))
cases(between(0.3, 1.7), *MORE, **ufuncs("erfcinv"))
cases(probability, *MORE, **ufuncs("ndtri"))
cases(between(-3, -0.3), *MORE, **ufuncs("ndtri_exp"))
cases(anything, *PAIR, **ufuncs("owens_t"))
cases((anything, positive, positive), ((4, 1), (3,), (1, 3)), ((), (), ()), **ufuncs("voigt_profile"))
cases(
    complex_numbers,
    *SOME,
    **{f"{k}_complex": f for k, f in ufuncs("erf", "erfc", "erfcx", "erfi", "dawsn", "wofz", "ndtr").items()},
)
cases(right_half_plane, *SOME, special_log_ndtr_complex=special.log_ndtr)
cases(anything, *ONE, **result("fresnel", 0), **result("fresnel", 1))
cases(anything, *ONE, **all_results("fresnel"))
cases(complex_numbers, *SOME, special_fresnel_complex=lambda z: special.fresnel(0.5 * z)[1])

# ---- gamma -----------------------------------------------------------------------------------------------------

cases(above_half, *ONE, **ufuncs("gamma", "gammaln", "digamma"))
cases(above_half, *MORE, **ufuncs("loggamma", "rgamma"))
cases(
    between(-1.8, -1.2),
    *SOME,
    **{f"{k}_left": f for k, f in ufuncs("gamma", "gammaln", "rgamma", "digamma").items()},
)
cases(between(-2.2, 0.2), *SOME, special_rgamma_at_its_zeros=special.rgamma)
cases(
    above_half,
    *SOME,
    special_zeta=lambda q: special.zeta(3, q),
    special_zeta_of_float=lambda q: special.zeta([2.5, 3.0, 1.25], q),
    special_polygamma=lambda q: -6 * special.zeta(4, q) + special.psi(q),
)
cases(above_half, *TWO, **ufuncs("beta", "betaln"))
cases((between(3, 5), between(0.5, 2)), *PAIR, **ufuncs("binom", "poch"))
cases(
    above_half,
    *MORE,
    special_gammainc=lambda x: special.gammainc(2.5, x),
    special_gammainc_of_list=lambda x: special.gammainc([1, 2, 3], x),
    special_gammaincc=lambda x: special.gammaincc(np.array([[0.5], [4.0]]), x),
    special_beta_of_a_number=lambda x: special.beta(2, x) * special.beta(x, 0.5),
    special_binom_of_a_number=lambda x: special.binom(7, x) * special.binom(x, 0.5),
)
cases(
    probability,
    *MORE,
    special_gammaincinv=lambda p: special.gammaincinv(2.5, p),
    special_gammainccinv=lambda p: special.gammainccinv(0.75, p),
    special_betainc=lambda x: special.betainc(2.5, 0.5, x),
    special_betainc_of_lists=lambda x: special.betainc([1.0, 2.0, 3.0], [2, 1, 3], x),
    special_betaincc=lambda x: special.betaincc(2, 3, x),
    special_betaincinv=lambda p: special.betaincinv(2.5, 1.5, p),
    special_betainccinv=lambda p: special.betainccinv(2.0, 3.0, p),
)

# ---- distributions -----------------------------------------------------------------------------------------------

cases(positive, *MORE, **at_order(3, "chdtr", "chdtrc", "stdtr"), **at_order(2.5, "pdtr", "pdtrc"))
cases(probability, *MORE, **at_order(3, "chdtri", "stdtrit"))
cases(
    positive,
    *PAIR,
    special_gdtr=lambda a, x: special.gdtr(a, 2.5, x),
    special_gdtrc=lambda a, x: special.gdtrc(a, 2, x),
)
cases(
    positive,
    *MORE,
    special_fdtr=lambda x: special.fdtr(4, 7.5, x),
    special_fdtrc=lambda x: special.fdtrc([3, 4, 5], 6, x),
)
COUNT = np.array([4, 5, 2])
cases(
    probability,
    *MORE,
    special_fdtri=lambda p: special.fdtri(4, 7.5, p),
    special_bdtr=lambda p: special.bdtr(2, COUNT, p),
    special_bdtrc=lambda p: special.bdtrc(2.0, COUNT, p),
    special_nbdtr=lambda p: special.nbdtr(2, COUNT, p),
    special_nbdtrc=lambda p: special.nbdtrc(1, 3, p),
)

# ---- Bessel functions and their kin ------------------------------------------------------------------------------

cases(anything, *ONE, **ufuncs("j0", "i0e"))
cases(anything, *MORE, **ufuncs("j1", "i0", "i1", "i1e"))
cases(between(-0.4, 0.4), *SOME, special_j1_at_0=special.j1, special_i1_at_0=special.i1)
cases(positive, *MORE, **ufuncs("y0", "y1", "k0", "k1", "k0e", "k1e"))
cases(positive, *ONE, **at_order(1.5, "jv", "kv"))
cases(positive, *SOME, **at_order(0.25, "yv", "iv", "ive", "kve", "jve", "yve", "struve", "modstruve"))
cases(positive, *SOME, **at_order(2, "jn", "iv", "kn", "ive", "struve"), **at_order(0, "jv", "kn"))
cases(positive, *MORE, **at_order(2, "yn", "modstruve"))
cases(anything, *SOME, **at_order(1, "jv", "iv", "ive", "jve"), **at_order([0.0, 1.0, 2.0], "jv"))
cases(between(-0.4, 0.4), *SOME, special_jv_at_0=lambda x: special.jv(1, x), special_iv_at_0=lambda x: special.iv(2, x))
BESSEL = at_order(1.5, "jv", "yv", "iv", "kv", "kve", "ive", "jve", "yve", "hankel1", "hankel2", "hankel1e", "hankel2e")
cases(complex_numbers, *SOME, **{f"{k}_complex": f for k, f in BESSEL.items()})
cases(positive, *MORE, **at_order(2, "hankel1", "hankel2", "hankel1e", "hankel2e"))
cases(positive, *MORE, **ufuncs("ber", "bei", "ker", "kei", "berp", "beip", "kerp", "keip"))
for _which in range(4):
    cases(anything, *SOME, **result("airy", _which))
cases(anything, *ONE, **all_results("airy"))
cases(complex_numbers, *SOME, special_airy_complex=lambda z: special.airy(z)[0] * special.airy(z)[3])

# ---- integrals ---------------------------------------------------------------------------------------------------

cases(
    anything,
    *SOME,
    special_hyp0f1=lambda z: special.hyp0f1(1.5, z),
    special_hyp1f1=lambda z: special.hyp1f1(0.5, 2.5, z),
    special_hyp1f1_of_lists=lambda z: special.hyp1f1([0.5, 2.0, 1.0], [1.5, 2.0, 4.0], z),
)
cases(
    between(-0.8, 0.8),
    *SOME,
    special_hyp2f1=lambda z: special.hyp2f1(0.5, 1.25, 2.5, z),
    special_hyp2f1_of_arrays=lambda z: special.hyp2f1(1, np.array([2, 1, 3]), 4, z),
)
cases(positive, *MORE, special_hyperu=lambda z: special.hyperu(0.5, 1.5, z))
cases(
    complex_numbers,
    *SOME,
    special_hyp0f1_complex=lambda z: special.hyp0f1(1.5, z),
    special_hyp2f1_complex=lambda z: special.hyp2f1(0.5, 1.25, 2.5, 0.25 * z),
    special_lambertw_complex=special.lambertw,
    special_lambertw_other_branch=lambda z: special.lambertw(z, 2),
    special_spence_complex=special.spence,
    special_exp1_complex=special.exp1,
    special_expi_complex=special.expi,
    special_sici_complex=lambda z: special.sici(z)[0] + special.sici(z)[1],
    special_shichi_complex=lambda z: special.shichi(z)[0] + special.shichi(z)[1],
)
if special.hyp1f1(0.5, 2.5, 1 + 1j) != 1:  # SciPy 1.13 takes that to be 1
    cases(complex_numbers, *SOME, special_hyp1f1_complex=lambda z: special.hyp1f1(0.5, 2.5, z))
cases(positive, *ONE, special_lambertw=special.lambertw)
cases(between(-0.2, 0.2), *SOME, special_lambertw_at_0=lambda z: special.lambertw(z).real)
cases(positive, *SOME, **ufuncs("expi", "exp1", "spence"), **at_order(3, "expn"), **at_order([0, 1, 2], "expn"))
cases(between(0.9, 1.1), *SOME, special_spence_at_1=special.spence)
cases(positive, *SOME, **result("sici", 0), **result("sici", 1), **result("shichi", 0), **result("shichi", 1))
cases(positive, *SOME, **all_results("sici"), **all_results("shichi"))
cases(
    between(-0.3, 0.3),
    *SOME,
    special_si_at_0=lambda x: special.sici(x)[0],
    special_shi_at_0=lambda x: special.shichi(x)[0],
)
cases(between(-0.6, 0.6), *ONE, **ufuncs("ellipk", "ellipe"))
cases(between(0.2, 1.5), *MORE, **ufuncs("ellipkm1"))
cases(
    anything,
    *MORE,
    special_ellipkinc=lambda phi: special.ellipkinc(phi, 0.5),
    special_ellipeinc=lambda phi: special.ellipeinc(phi, [0.5, 0.0, -1.0]),
)

# ---- polynomials -------------------------------------------------------------------------------------------------

POLYNOMIALS = ("eval_legendre", "eval_chebyt", "eval_chebyu", "eval_chebyc", "eval_chebys", "eval_laguerre")
SHIFTED = ("eval_sh_legendre", "eval_sh_chebyt", "eval_sh_chebyu")
cases(probability, *SOME, **at_order(3, *POLYNOMIALS), **at_order([0, 1, 4], *POLYNOMIALS))
cases(probability, *MORE, **at_order(3, *SHIFTED))
cases(probability, *SOME, **at_order(2.0, "eval_legendre", "eval_chebyt"))
cases(probability, *MORE, **at_order([0, 1, 4], "eval_hermite", "eval_hermitenorm"))
cases(
    probability,
    *MORE,
    special_eval_gegenbauer=lambda x: special.eval_gegenbauer([0, 3, 4], 1.5, x),
    special_eval_jacobi=lambda x: special.eval_jacobi([0, 3, 4], 0.5, [1, 2, 3], x),
    special_eval_sh_jacobi=lambda x: special.eval_sh_jacobi(3, 2.5, 1.5, x),
    special_eval_genlaguerre=lambda x: special.eval_genlaguerre([0, 3, 4], 0.5, x),
)
cases(complex_numbers, *SOME, special_eval_legendre_complex=lambda z: special.eval_legendre(3, z))
cases(
    complex_numbers,
    *SOME,
    special_eval_gegenbauer_complex=lambda z: special.eval_gegenbauer([0, 3, 4], 1.5, z),
    special_eval_jacobi_complex=lambda z: special.eval_jacobi(3, 0.5, 1.5, z),
    special_eval_sh_jacobi_complex=lambda z: special.eval_sh_jacobi(3, 2.5, 1.5, z),
    special_eval_sh_legendre_complex=lambda z: special.eval_sh_legendre(2, z),
    special_eval_genlaguerre_complex=lambda z: special.eval_genlaguerre(3, 0.5, z),
)
