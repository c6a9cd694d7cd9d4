"""Mixtures of Gaussians in the plane, fitted by expectation maximization (Dempster, Laird and Rubin, 1977)."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Blobs = tuple[Array, Array, Array]
"""Shares [k], middles [k, 2] and spreads [k, 2, 2] of some Gaussians."""


def first_blobs(points: Array, count: int) -> Blobs:
    """Gaussians to begin with: side by side along the first feature, each as wide as all the points."""
    middles = np.quantile(points, (np.arange(count) + 0.5) / count, axis=0)
    middles[:, 1:] = points[:, 1:].mean(0)
    return np.full(count, 1 / count), middles, np.stack([np.cov(points.T)] * count)


def log_parts(points: Array, blobs: Blobs) -> Array:
    """Logarithm of share times density of every point under every Gaussian, [n, k]."""
    shares, middles, spreads = blobs
    away = points[:, None] - middles
    far = np.einsum("nki,kij,nkj->nk", away, np.linalg.inv(spreads), away)
    logs: Array = np.log(shares) - (far + np.log(np.linalg.det(spreads)) + 2 * np.log(2 * np.pi)) / 2
    return logs


def log_density(points: Array, blobs: Blobs) -> Array:
    """log P(x | y), [n]."""
    return np.asarray(np.logaddexp.reduce(log_parts(points, blobs), axis=1))


def better_blobs(points: Array, blobs: Blobs) -> Blobs:
    """One round of expectation maximization: which Gaussian owns each point, then each Gaussian moves to what it owns."""
    owns = np.exp(log_parts(points, blobs) - log_density(points, blobs)[:, None])
    weight = owns.sum(0) + 1e-9
    middles = owns.T @ points / weight[:, None]
    away = points[:, None] - middles
    spreads = np.einsum("nk,nki,nkj->kij", owns, away, away) / weight[:, None, None]
    return weight / weight.sum(), middles, spreads + np.diag(points.var(0) * 1e-3 + 1e-9)


def draw_points(count: int, blobs: Blobs, rng: np.random.Generator) -> Array:
    """Points from P(x | y): a Gaussian by its share, then a point from it."""
    which = rng.choice(len(blobs[0]), count, p=blobs[0])
    return np.array([rng.multivariate_normal(blobs[1][k], blobs[2][k]) for k in which]).reshape(count, 2)
