# SPDX-License-Identifier: Apache-2.0
"""Noise-contrastive estimation (Gutmann and Hyvärinen, 2010; Mnih and Teh, 2012): a classifier with many classes that
is trained without ever computing the scores of all classes. It tells the true class from a few that were drawn at
random; its scores then are logarithms of probabilities, without a softmax.

Each of 1,000 words is followed by a certain partner nine times in ten, and by any word otherwise.

    python examples/nce_loss.py
"""
from __future__ import annotations

import logging
import sys

import numpy as np

import mxnet as mx

SEED, BATCH, EPOCHS = 42, 250, 3
WORDS, SAMPLES, NOISE, WIDTH = 1000, 50_000, 10, 32
REQUIRED = 0.95         # share of the words whose most likely follower is found, among all words


class Pairs(mx.io.DataIter):
    """Batches of a word, candidates for its follower (the true one first, then noise) and which of them is true."""

    def __init__(self, words: np.ndarray, followers: np.ndarray, random: np.random.RandomState) -> None:
        super().__init__(BATCH)
        self.words, self.followers, self.random = words, followers, random
        self.provide_data = [mx.io.DataDesc("data", (BATCH,)), mx.io.DataDesc("candidates", (BATCH, NOISE + 1))]
        self.provide_label = [mx.io.DataDesc("is_true", (BATCH, NOISE + 1))]
        self.truth = np.zeros((BATCH, NOISE + 1), np.float32)
        self.truth[:, 0] = 1
        self.reset()

    def reset(self) -> None:
        self.batches = iter(self.random.permutation(len(self.words)).reshape(-1, BATCH))

    def next(self) -> mx.io.DataBatch:
        rows = next(self.batches)
        noise = self.random.randint(0, WORDS, (BATCH, NOISE))
        candidates = np.concatenate([self.followers[rows, None], noise], axis=1)
        return mx.io.DataBatch([mx.nd.array(self.words[rows]), mx.nd.array(candidates)], [mx.nd.array(self.truth)],
                               pad=0)


def nce_network() -> mx.sym.Symbol:
    candidates = mx.sym.Variable("candidates")
    word = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=WORDS, output_dim=WIDTH, name="word")
    vectors = mx.sym.Embedding(candidates, input_dim=WORDS, output_dim=WIDTH, name="follower")
    bias = mx.sym.Embedding(candidates, input_dim=WORDS, output_dim=1, name="bias")
    scores = mx.sym.sum(mx.sym.broadcast_mul(mx.sym.expand_dims(word, axis=1), vectors), axis=2)
    scores = scores + mx.sym.sum(bias, axis=2)
    # The odds that a candidate is the true one: its probability against that of NOISE draws from uniform noise.
    odds = scores - float(np.log(NOISE / WORDS))
    return mx.sym.LogisticRegressionOutput(odds, mx.sym.Variable("is_true"), name="nce")


def log_probabilities(params: dict[str, mx.nd.NDArray]) -> np.ndarray:
    """The scores of all followers (columns) of all words (rows), as NCE leaves them: not normalised."""
    scores = mx.nd.dot(params["word_weight"], params["follower_weight"], transpose_b=True)
    return mx.nd.broadcast_add(scores, params["bias_weight"].reshape((1, WORDS))).asnumpy()


def main() -> float:
    """Train, and return the share of words whose partner has the highest score of all words."""
    mx.random.seed(SEED)
    random = np.random.RandomState(SEED)
    partner = random.permutation(WORDS)
    words = random.randint(0, WORDS, SAMPLES)
    followers = np.where(random.rand(SAMPLES) < 0.9, partner[words], random.randint(0, WORDS, SAMPLES))
    module = mx.mod.Module(nce_network(), data_names=["data", "candidates"], label_names=["is_true"])
    right = mx.metric.np(lambda label, odds: float(((odds > 0.5) == (label > 0.5)).mean()), name="right")
    module.fit(Pairs(words, followers, random), eval_metric=right, num_epoch=EPOCHS, initializer=mx.init.Normal(0.1),
               optimizer="adam", optimizer_params={"learning_rate": 0.02, "rescale_grad": 1.0 / BATCH})
    scores = log_probabilities(module.get_params()[0])
    found = float((scores.argmax(axis=1) == partner).mean())
    print(f"partners found: {found:.4f}; sum of a word's probabilities (median): "
          f"{np.median(np.exp(scores).sum(axis=1)):.3f}")
    return found


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
