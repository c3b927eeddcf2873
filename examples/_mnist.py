"""MNIST, 70,000 handwritten digits of 28 x 28 pixels: from OpenML, through scikit-learn, kept in a local cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_mnist(cache: Path | None = None) -> tuple[Any, Any]:
    """Return the images, (n, 784) float64 from 0 to 255, and the labels, (n,) int64, in the order of the data set.

    The first call downloads 15 MB and takes a minute to parse them; later ones read the cache, and need no network.

    Args:
        cache: The folder to keep the download in; scikit-learn's own (``~/scikit_learn_data``) by default.

    Raises:
        ConnectionError: Nothing in the cache, and OpenML is out of reach.

    Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; data set 554 of openml.org.
    """
    from sklearn.datasets import fetch_openml

    try:
        images, labels = fetch_openml(
            "mnist_784",
            version=1,
            data_home=cache,
            return_X_y=True,
            as_frame=False,
            parser="liac-arff",  # the other parser needs pandas
            n_retries=1,
        )
    except OSError as error:
        raise ConnectionError(
            f"MNIST is not in the cache ({cache or 'the folder that scikit-learn chooses'}) and could not be fetched "
            f"from openml.org: {error}. Expected: a network connection the first time. Usual fix: leave --mnist out, "
            "for the small digits that come with scikit-learn."
        ) from error
    return images, labels.astype(int)  # OpenML keeps the labels as text
