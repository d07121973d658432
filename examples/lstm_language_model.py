# SPDX-License-Identifier: Apache-2.0
"""An LSTM language model over sentences of many lengths: `mx.rnn` cells, BucketSentenceIter and BucketingModule.

The sentences come from a small grammar in which determiner, noun and verb agree in number over a distance. It knows
the probability of all that it says, so that the perplexity of the perfect model is known: the trained one must come
close to it on sentences that it has not seen.

    python examples/lstm_language_model.py
"""
from __future__ import annotations

import logging
import random
import sys

import numpy as np

import mxnet as mx

SEED, BATCH, EPOCHS = 42, 32, 5
BUCKETS = [7, 9, 11]
PADDING = 0             # the id that fills sentences up to the length of their bucket; its loss and score are ignored
REQUIRED = 0.93         # perplexity of the grammar / perplexity of the model, on the test sentences
ADJECTIVES = "old small quick brown lazy".split()
DETERMINERS = {"one": ["a", "this"], "many": ["some", "these"]}
NOUNS = {"one": ["cat", "dog", "bird", "mouse"], "many": ["cats", "dogs", "birds", "mice"]}
VERBS = {"one": ["sees", "hears", "hunts"], "many": ["see", "hear", "hunt"]}


class Grammar:
    """Draws sentences: determiner adjective* noun verb determiner adjective* noun `.`"""

    def __init__(self, seed: int) -> None:
        self.random = np.random.RandomState(seed)
        self.log_probability = 0.0                  # of all words so far, given those before them in their sentence
        self.words = 0

    def sentence(self) -> list[str]:
        number = self.random.choice(["one", "many"])
        words = self._noun_phrase(number, most=4)
        words.append(self._pick(VERBS[number]))
        words += self._noun_phrase(self.random.choice(["one", "many"]), most=1)
        self.log_probability -= 2 * np.log(2)       # the number of each noun phrase shows in its determiner
        # A language model is never asked for the first word; the full stop is certain.
        self.log_probability += np.log(4)
        self.words += len(words)
        return words + ["."]

    def _noun_phrase(self, number: str, most: int) -> list[str]:
        count = self.random.randint(most + 1)
        # Words that say "another adjective follows" or "no more": (1 / (most + 1)) for each count in all.
        self.log_probability -= np.log(most + 1)
        return [self._pick(DETERMINERS[number]), *(self._pick(ADJECTIVES) for _ in range(count)),
                self._pick(NOUNS[number])]

    def _pick(self, words: list[str]) -> str:
        self.log_probability -= np.log(len(words))
        return words[self.random.randint(len(words))]

    @property
    def perplexity(self) -> float:
        return float(np.exp(-self.log_probability / self.words))


def language_model(vocabulary: int, hidden: int = 64):
    """The symbol generator of a BucketingModule: the same parameters, unrolled over the steps of each bucket."""
    stack = mx.rnn.SequentialRNNCell()
    for layer in range(2):
        stack.add(mx.rnn.LSTMCell(num_hidden=hidden, prefix=f"lstm_l{layer}_"))

    def symbol(steps: int):
        data, label = mx.sym.Variable("data"), mx.sym.Variable("softmax_label")          # (batch, steps)
        words = mx.sym.Embedding(data, input_dim=vocabulary, output_dim=32, name="embed")
        stack.reset()
        outputs, _ = stack.unroll(steps, inputs=words, merge_outputs=True)
        outputs = mx.sym.Reshape(outputs, shape=(-1, hidden))
        scores = mx.sym.FullyConnected(outputs, num_hidden=vocabulary, name="pred")
        label = mx.sym.Reshape(label, shape=(-1,))
        net = mx.sym.SoftmaxOutput(scores, label, use_ignore=True, ignore_label=PADDING, name="softmax")
        return net, ("data",), ("softmax_label",)

    return symbol


def main() -> float:
    """Train, and return how near the model comes to the perfect one (1: as good)."""
    mx.random.seed(SEED)
    np.random.seed(SEED)                # BucketSentenceIter shuffles with Python's and NumPy's generators
    random.seed(SEED)
    grammar, unseen = Grammar(SEED), Grammar(SEED + 1)
    encoded, vocabulary = mx.rnn.encode_sentences([grammar.sentence() for _ in range(3000)],
                                                  invalid_label=PADDING, start_label=1)
    test_encoded, _ = mx.rnn.encode_sentences([unseen.sentence() for _ in range(600)], vocab=vocabulary,
                                              invalid_label=PADDING, start_label=1)
    train, test = (mx.rnn.BucketSentenceIter(sentences, BATCH, buckets=BUCKETS, invalid_label=PADDING)
                   for sentences in (encoded, test_encoded))
    module = mx.mod.BucketingModule(language_model(len(vocabulary) + 1), default_bucket_key=train.default_bucket_key,
                                    context=mx.cpu())
    module.fit(train, eval_data=test, eval_metric=mx.metric.Perplexity(PADDING), num_epoch=EPOCHS,
               initializer=mx.init.Xavier(factor_type="in", magnitude=2.34),
               optimizer="adam", optimizer_params={"learning_rate": 0.01})
    perplexity = dict(module.score(test, mx.metric.Perplexity(PADDING)))["perplexity"]
    print(f"test perplexity: {perplexity:.4f}; the grammar's own: {unseen.perplexity:.4f}")
    return unseen.perplexity / perplexity


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
