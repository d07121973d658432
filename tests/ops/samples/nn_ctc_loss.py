# SPDX-License-Identifier: Apache-2.0
"""Samples of CTCLoss: where the blank is, how labels end, and lengths of data and labels."""
from . import Bad, Sample, T, ints, values

FLOAT32 = "MXNet has it for float32 only"
CRASHES = "MXNet reads and writes beyond its arrays"
DATA = T(5, 2, 4)
LAST = {"blank_label": "last"}

SAMPLES = [
    Sample("CTCLoss", [DATA, values([[1, 2], [3, 0]])], grad=(0,)),
    Sample("ctc_loss", [DATA, values([[1, 2], [0, 0]])], grad=(0,)),
    Sample("_contrib_CTCLoss", [DATA, values([[1, 0, 2], [3, 3, 1]])], grad=(0,)),
    Sample("_contrib_ctc_loss", [DATA, values([[0, 2], [1, -1]])], LAST, grad=(0,)),
    Sample("CTCLoss", [DATA, values([[-1, -1, -1], [1, -1, 2]])], LAST, grad=(0,)),
    Sample("CTCLoss", [T(5, 2, 4, low=-20, high=20), values([[1, 2, 3, 1, 2], [1, 1, 2, 0, 0]])], grad=(0,)),
    Sample("CTCLoss", [DATA, values([[1.5, 2.5], [3.25, 0.25]])], grad=(0,)),
    Sample("CTCLoss", [DATA, values([[1, 2], [3, 0]], "int32")], grad=(0,)),
    Sample("CTCLoss", [T(1, 1, 2), values([[1]])], grad=(0,)),
    Sample("CTCLoss", [T(12, 3, 6), ints(3, 5, low=1, high=6, dtype="float32")], grad=(0,)),
    Sample("CTCLoss", [T(12, 3, 6), ints(3, 5, low=0, high=5, dtype="float32")], LAST, grad=(0,)),
    # lengths
    Sample("CTCLoss", {"data": DATA, "label": values([[1, 2], [3, 2]]), "label_lengths": values([2, 1])},
           {"use_label_lengths": True}, grad=(0,)),
    Sample("CTCLoss", {"data": DATA, "label": values([[1, 2], [3, 2]]), "label_lengths": values([2, 0])},
           {"use_label_lengths": True}, grad=(0,)),
    Sample("CTCLoss", {"data": DATA, "label": values([[1, 2], [0, -1]]), "label_lengths": values([2, 1])},
           {"use_label_lengths": True, "blank_label": "last"}, grad=(0,)),
    Sample("CTCLoss", {"data": DATA, "label": values([[1, 2], [3, 2]]), "data_lengths": values([5, 3])},
           {"use_data_lengths": True}, grad=(0,)),
    Sample("CTCLoss", [DATA, values([[1, 2], [3, 2]]), values([4, 2]), values([1, 2])],
           {"use_data_lengths": True, "use_label_lengths": True}, grad=(0,)),
    # no alignment
    Sample("CTCLoss", [DATA, values([[1, 1, 1, 1], [3, 2, 0, 0]])], grad=False),
    *[Sample("CTCLoss", [T(5, 2, 4, dtype=d), values([[1, 2], [3, 0]], d)], ours_ok=FLOAT32)
      for d in ("float16", "float64", "bfloat16")],
    # refused
    Bad("CTCLoss", [DATA, values([[1], [2], [3]])], match="CTCLoss.*label|label.*CTCLoss|batch"),
    Bad("CTCLoss", [T(2, 2, 4), values([[1, 2, 3], [1, 2, 3]])], match="longer than the 2 steps"),
    Bad("CTCLoss", [T(5, 4), values([[1, 2]])], match="steps, batch, classes"),
    Bad("CTCLoss", [DATA, values([1, 2])], match="steps, batch, classes"),
    Bad("CTCLoss", [DATA, values([[1, 5], [3, 0]])], match="classes 0 to 3", skip={"symbol": CRASHES}),
    Bad("CTCLoss", {"data": DATA, "label": values([[1, 2], [3, 2]]), "label_lengths": values([2, 3])},
        {"use_label_lengths": True}, match="label_lengths is.*0 to 2", skip={"symbol": CRASHES}),
    Bad("CTCLoss", [DATA, values([[1, 2], [3, 0]])], {"blank_label": "none"}, match="blank_label"),
    Bad("CTCLoss", [ints(5, 2, 4), values([[1, 2], [3, 0]])], match="floating"),
]
