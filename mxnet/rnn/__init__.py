# SPDX-License-Identifier: Apache-2.0
"""`mx.rnn`: recurrent networks of symbols, with batches of sentences and checkpoints."""
from .._old_names import lend
from . import io, rnn, rnn_cell
from .io import BucketSentenceIter, encode_sentences
from .rnn import (
                  do_rnn_checkpoint,
                  load_checkpoint,
                  load_rnn_checkpoint,
                  rnn_unroll,
                  save_checkpoint,
                  save_rnn_checkpoint,
)
from .rnn_cell import (
                  BaseConvRNNCell,
                  BaseRNNCell,
                  BidirectionalCell,
                  ConvGRUCell,
                  ConvLSTMCell,
                  ConvRNNCell,
                  DropoutCell,
                  FusedRNNCell,
                  GRUCell,
                  LSTMCell,
                  ModifierCell,
                  ResidualCell,
                  RNNCell,
                  RNNParams,
                  SequentialRNNCell,
                  ZoneoutCell,
)

__all__ = ["BaseConvRNNCell", "BaseRNNCell", "BidirectionalCell", "BucketSentenceIter", "ConvGRUCell", "ConvLSTMCell",
           "ConvRNNCell", "DropoutCell", "FusedRNNCell", "GRUCell", "LSTMCell", "ModifierCell", "RNNCell", "RNNParams",
           "ResidualCell", "SequentialRNNCell", "ZoneoutCell", "do_rnn_checkpoint", "encode_sentences",
           "load_checkpoint", "load_rnn_checkpoint", "rnn_unroll", "save_checkpoint", "save_rnn_checkpoint"]

lend(__name__)
