# SPDX-License-Identifier: Apache-2.0
"""What a monitor reports in training. `python monitor_cases.py file.json` with MXNet writes what the tests compare."""
import json
import sys

import training_cases as cases


def reports(mx, monitor_all):
    """(batch, name, statistic) at every other batch of four; the first number, for what has many."""
    module = cases.bound(mx)
    monitor = mx.mon.Monitor(2, monitor_all=monitor_all)
    module.install_monitor(monitor)
    module.init_optimizer(optimizer_params={"learning_rate": 0.1})
    found = []
    for batch in cases.iterator(mx, 4 * cases.BATCH):
        monitor.tic()
        module.forward_backward(batch)
        module.update()
        found.append([(step, name, float(text.strip().strip("[]").split()[0])) for step, name, text in monitor.toc()])
    return found


if __name__ == "__main__":
    import mxnet
    with open(sys.argv[1], "w") as file:
        json.dump([reports(mxnet, everything) for everything in (False, True)], file)
