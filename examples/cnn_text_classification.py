# SPDX-License-Identifier: Apache-2.0
"""A convolutional network that classifies sentences (Kim, 2014): filters over 2, 3 and 4 words, maximum over time.

The sentences are made up: one good or bad word among neutral ones, and one "not" that turns the meaning around only
when it stands right before that word. A bag of words cannot tell the two cases apart.

    python examples/cnn_text_classification.py
"""
from __future__ import annotations

import logging
import sys

import numpy as np

import mxnet as mx

SEED, BATCH, EPOCHS = 42, 50, 5
LENGTH, VOCABULARY, FEELINGS = 16, 200, 20          # ids: 0 is "not", 1..10 good words, 11..20 bad ones, then neutral
REQUIRED = 0.95         # test accuracy


def sentences(count: int, random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Word ids (count, LENGTH) and labels (count,): 1 for praise."""
    words = random.randint(FEELINGS + 1, VOCABULARY, (count, LENGTH))
    rows, place = np.arange(count), random.randint(1, LENGTH - 4, count)
    feeling, negated = random.randint(1, FEELINGS + 1, count), random.rand(count) < 0.5
    words[rows, place] = feeling
    words[rows, np.where(negated, place - 1, place + random.randint(1, 4, count))] = 0
    return words.astype(np.float32), ((feeling <= FEELINGS // 2) ^ negated).astype(np.float32)


def text_cnn(embedding: int = 32, filters: int = 32) -> mx.sym.Symbol:
    words = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=VOCABULARY, output_dim=embedding, name="embed")
    page = mx.sym.expand_dims(words, axis=1)                                             # (batch, 1, LENGTH, embedding)
    pooled = []
    for size in (2, 3, 4):
        net = mx.sym.Convolution(page, kernel=(size, embedding), num_filter=filters, name=f"conv{size}")
        net = mx.sym.Activation(net, act_type="relu", name=f"relu{size}")
        pooled.append(mx.sym.Pooling(net, pool_type="max", kernel=(LENGTH - size + 1, 1), name=f"pool{size}"))
    net = mx.sym.Flatten(mx.sym.Concat(*pooled, dim=1))
    net = mx.sym.Dropout(net, p=0.3, name="drop")
    net = mx.sym.FullyConnected(net, num_hidden=2, name="fc")
    return mx.sym.SoftmaxOutput(net, name="softmax")


def main() -> float:
    """Train, and return the accuracy on sentences that were not trained on."""
    mx.random.seed(SEED)
    np.random.seed(SEED)                                                                 # NDArrayIter's shuffling
    random = np.random.RandomState(SEED)
    train = mx.io.NDArrayIter(*sentences(4000, random), batch_size=BATCH, shuffle=True)
    test = mx.io.NDArrayIter(*sentences(1000, random), batch_size=BATCH)
    module = mx.mod.Module(text_cnn(), context=mx.cpu())
    module.fit(train, eval_data=test, num_epoch=EPOCHS, initializer=mx.init.Uniform(0.1),
               optimizer="adam", optimizer_params={"learning_rate": 0.005})
    accuracy = dict(module.score(test, "acc"))["accuracy"]
    print(f"test accuracy: {accuracy:.4f}")
    return accuracy


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
