"""The MNIST loader, on a tiny data set that is served as OpenML serves the real one."""

import email.message
import hashlib
import io
import json
import urllib.error
import urllib.request
import urllib.response

import numpy as np
import pytest
from _mnist import load_mnist

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 784))
LABELS = np.array([5, 0, 4, 9, 5])
ARFF_URL = "https://www.openml.org/data/v1/download/52667/mnist_784.arff"


def arff():
    lines = ["@RELATION mnist_784", ""]
    lines += [f"@ATTRIBUTE pixel{i} real" for i in range(1, 785)]
    lines += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "", "@DATA"]
    lines += [",".join(map(str, [*pixels, label])) for pixels, label in zip(IMAGES, LABELS, strict=True)]
    return "\n".join(lines).encode()


def feature(index, name, kind, target):
    flags = {"is_target": target, "is_ignore": "false", "is_row_identifier": "false"}
    return {"index": str(index), "name": name, "data_type": kind, "number_of_missing_values": "0", **flags}


def openml(file):
    """What openml.org answers, by URL."""
    entry = {"did": 554, "name": "mnist_784", "version": 1, "status": "active", "format": "ARFF"}
    description = {
        "id": "554",
        "name": "mnist_784",
        "version": "1",
        "status": "active",
        "format": "ARFF",
        "description": "tiny",
        "url": ARFF_URL,
        "file_id": "52667",
        "default_target_attribute": "class",
        "md5_checksum": hashlib.md5(file).hexdigest(),
    }
    features = [feature(i, f"pixel{i + 1}", "numeric", "false") for i in range(784)]
    features.append({**feature(784, "class", "nominal", "true"), "nominal_value": list("0123456789")})
    qualities = [{"name": "NumberOfInstances", "value": str(float(len(LABELS)))}]
    api = "https://www.openml.org/api/v1/json/data"
    answers = {
        f"{api}/list/data_name/mnist_784/limit/2/data_version/1": {"data": {"dataset": [entry]}},
        f"{api}/554": {"data_set_description": description},
        f"{api}/features/554": {"data_features": {"feature": features}},
        f"{api}/qualities/554": {"data_qualities": {"quality": qualities}},
    }
    return {url: json.dumps(answer).encode() for url, answer in answers.items()} | {ARFF_URL: file}


class Server(urllib.request.HTTPSHandler):
    """Answers in place of the network; an URL it does not have is a network that is down."""

    def __init__(self, answers):
        super().__init__()
        self.answers = answers
        self.asked = []

    def https_open(self, request):
        self.asked.append(request.full_url)
        if request.full_url not in self.answers:
            raise urllib.error.URLError("no network in the tests")
        body = io.BytesIO(self.answers[request.full_url])
        response = urllib.response.addinfourl(body, email.message.Message(), request.full_url, 200)
        response.msg = "OK"
        return response


@pytest.fixture
def serve():
    """Return a function that puts a Server in place of the network."""

    def install(answers):
        server = Server(answers)
        urllib.request.install_opener(urllib.request.build_opener(server))
        return server

    yield install
    urllib.request.install_opener(None)


def test_images_and_labels(serve, tmp_path):
    serve(openml(arff()))
    images, labels = load_mnist(tmp_path)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS, strict=True)
    assert images.dtype == np.float64
    assert images.shape == (5, 784)


def test_second_time_from_the_cache(serve, tmp_path):
    serve(openml(arff()))
    first = load_mnist(tmp_path)
    server = serve({})
    second = load_mnist(tmp_path)
    assert server.asked == []
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def test_no_network(serve, tmp_path):
    serve({})
    retries = pytest.warns(UserWarning, match="network error")
    with retries, pytest.raises(ConnectionError, match="leave --mnist out") as caught:
        load_mnist(tmp_path)
    assert str(tmp_path) in str(caught.value)
