# SPDX-License-Identifier: Apache-2.0
"""Samples of RNN: every mode, stacked and in both directions, with and without end states."""
from . import Bad, Sample, T, ints, values

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}
SINGLE = "MXNet's plain layers compute partly in single precision, even where the dtype is float64"
REPEATS = {part: "MXNet\'s CPU code always drops the same values, by a generator of its own"
           for part in ("train", "grad")}
NO_HALF = "MXNet has no half precision matrix product on CPU"
ON_GPU_ONLY = "MXNet's CPU code takes no notice of it; its GPU code does (see test_rnn.py)"


def count(mode, inputs, hidden, layers=1, directions=1, projection=0):
    """The length of the flat parameter vector."""
    seen, total = projection or hidden, 0
    for layer in range(layers):
        width = inputs if layer == 0 else seen * directions
        total += directions * (GATES[mode] * hidden * (width + seen + 2) + projection * hidden)
    return total


def arrays(mode, steps=4, batch=3, inputs=5, hidden=2, layers=1, directions=1, projection=0, dtype="float32"):
    cells = layers * directions
    found = [T(steps, batch, inputs, dtype=dtype),
             T(count(mode, inputs, hidden, layers, directions, projection), low=-1, high=1, dtype=dtype),
             T(cells, batch, projection or hidden, dtype=dtype)]
    return found + [T(cells, batch, hidden, dtype=dtype)] * (mode == "lstm")


def rnn(mode, params=None, more=(), **sizes):
    """Inputs and parameters of one call."""
    given = {"mode": mode, "state_size": sizes.get("hidden", 2), "num_layers": sizes.get("layers", 1)}
    if sizes.get("directions", 1) == 2:
        given["bidirectional"] = True
    if sizes.get("projection"):
        given["projection_size"] = sizes["projection"]
    return [*arrays(mode, **sizes), *more], {**given, **(params or {})}


LSTM = arrays("lstm")
ONE = {"mode": "lstm", "state_size": 2, "num_layers": 1}

SAMPLES = [
    *[Sample("RNN", *rnn(mode, {"state_outputs": ends}, layers=layers, directions=directions))
      for mode in GATES for layers in (1, 3) for directions in (1, 2) for ends in (False, True)],
    *[Sample("RNN", *rnn(mode, {"state_outputs": True}, layers=2, directions=2, dtype="float64"))
      for mode in ("lstm", "gru")],
    *[Sample("RNN", *rnn(mode, {"state_outputs": True}, layers=layers, directions=2, dtype="float64"),
             rtol=1e-6, atol=1e-6, reason=SINGLE)
      for mode in ("rnn_tanh", "rnn_relu") for layers in (1, 2)],
    *[Sample("RNN", *rnn(mode, steps=1, batch=1, inputs=1, hidden=1)) for mode in GATES],
    *[Sample("RNN", *rnn(mode, dtype="float16"), ours_ok=NO_HALF) for mode in GATES],
    Sample("RNN", *rnn("lstm", steps=12, batch=2, inputs=3, hidden=7, layers=2)),
    Sample("RNN", *rnn("gru", steps=12, batch=2, inputs=3, hidden=7, layers=2)),
    Sample("RNN", *rnn("gru", {"p": 0.5})),
    Sample("RNN", *rnn("lstm", {"p": 0.5}, layers=2), skip=REPEATS),
    *[Sample("RNN", *rnn("lstm", {"state_outputs": True}, layers=2, directions=directions, projection=projection),
             train=False) for directions in (1, 2) for projection in (1, 3)],
    Sample("RNN", *rnn("lstm", {"use_sequence_length": True}, more=[values([4, 4, 4])]), grad=(0, 1, 2, 3)),
    Sample("RNN", *rnn("lstm", {"lstm_state_clip_min": -100.0, "lstm_state_clip_max": 100.0, "state_outputs": True},
                       layers=2, directions=2)),
    # refused
    Bad("RNN", [T(4, 3), *LSTM[1:]], ONE, match="RNN.*3 dimensions"),
    Bad("RNN", [LSTM[0], T(10), *LSTM[2:]], ONE, match=r"parameters is \(10,\).*\(72,\)"),
    Bad("RNN", [*LSTM[:2], T(2, 3, 2), LSTM[3]], ONE, match=r"state is \(2, 3, 2\).*\(1, 3, 2\)"),
    Bad("RNN", [*LSTM[:3], T(1, 3, 3)], ONE, match="state_cell is"),
    Bad("RNN", LSTM, {**ONE, "mode": "LSTM"}, match="mode.*'lstm'"),
    Bad("RNN", LSTM, {**ONE, "p": 1.5}, match="p=1.5"),
    Bad("RNN", LSTM, {"mode": "lstm", "num_layers": 1}, match="state_size.*required"),
    Bad("RNN", LSTM, {**ONE, "hidden": 2}, match="hidden"),
    Bad("RNN", [ints(4, 3, 5), ints(72), ints(1, 3, 2), ints(1, 3, 2)], ONE, match="floating"),
    Bad("RNN", [*LSTM, values([1, 5, 2])], {**ONE, "use_sequence_length": True}, match="sequence_length is", skip={
        "symbol": ON_GPU_ONLY}),
]
