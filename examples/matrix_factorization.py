# SPDX-License-Identifier: Apache-2.0
"""A recommender by matrix factorisation (Koren et al., 2009): a rating is the product of a user's and an item's vector,
and a bias of each. The ratings are made from hidden vectors and noise; three in ten are known.

    python examples/matrix_factorization.py
"""
from __future__ import annotations

import logging
import sys

import numpy as np

import mxnet as mx

SEED, BATCH, EPOCHS = 42, 200, 12
USERS, ITEMS, RANK, FACTORS, NOISE = 300, 200, 4, 8, 0.1
REQUIRED = 4.0          # spread of the ratings / error of the model, on ratings that were held back


def ratings(random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users, items and ratings of all pairs, in random order."""
    vectors = [random.normal(0, 1, (count, RANK)) / RANK ** 0.25 for count in (USERS, ITEMS)]
    biases = [random.normal(0, 0.3, count) for count in (USERS, ITEMS)]
    table = vectors[0] @ vectors[1].T + biases[0][:, None] + biases[1] + random.normal(0, NOISE, (USERS, ITEMS))
    user, item = np.divmod(random.permutation(USERS * ITEMS), ITEMS)
    return user.astype(np.float32), item.astype(np.float32), table[user, item].astype(np.float32)


def factorization() -> mx.sym.Symbol:
    user, item = mx.sym.Variable("user"), mx.sym.Variable("item")                       # ids, (batch,)
    user_vector = mx.sym.Embedding(user, input_dim=USERS, output_dim=FACTORS, name="user_vector")
    item_vector = mx.sym.Embedding(item, input_dim=ITEMS, output_dim=FACTORS, name="item_vector")
    user_bias = mx.sym.Embedding(user, input_dim=USERS, output_dim=1, name="user_bias")
    item_bias = mx.sym.Embedding(item, input_dim=ITEMS, output_dim=1, name="item_bias")
    score = mx.sym.sum(user_vector * item_vector, axis=1) + mx.sym.sum(user_bias + item_bias, axis=1)
    return mx.sym.LinearRegressionOutput(score, mx.sym.Variable("score"), name="rating")


def main() -> float:
    """Train, and return how many times the error is below the spread of the ratings."""
    mx.random.seed(SEED)
    np.random.seed(SEED)                                                                 # NDArrayIter's shuffling
    user, item, score = ratings(np.random.RandomState(SEED))
    known, held_back = slice(0, 18000), slice(18000, 24000)
    train, test = (mx.io.NDArrayIter({"user": user[part], "item": item[part]}, {"score": score[part]}, BATCH, shuffle)
                   for part, shuffle in ((known, True), (held_back, False)))
    module = mx.mod.Module(factorization(), data_names=["user", "item"], label_names=["score"])
    module.fit(train, eval_data=test, eval_metric="rmse", num_epoch=EPOCHS, initializer=mx.init.Normal(0.1),
               optimizer="adam", optimizer_params={"learning_rate": 0.01, "wd": 1e-4})
    error, spread = dict(module.score(test, "rmse"))["rmse"], float(score[held_back].std())
    print(f"held-back ratings: error {error:.4f}, spread {spread:.4f}, noise {NOISE}")
    return spread / error


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
