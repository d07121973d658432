# SPDX-License-Identifier: Apache-2.0
"""What programs of MXNet's years do, where this package once differed: each scenario is the core of one of them."""
from __future__ import annotations

import logging
from typing import Any

import numpy as np

from .stage import Stage

stage = Stage("programs")


class Lines(logging.Handler):
    """Keeps what is logged, without times."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if "Speed" not in text and "Time cost" not in text:
            self.lines.append(text)


def logger() -> tuple[logging.Logger, list[str]]:
    kept = Lines()
    made = logging.Logger("programs", logging.INFO)
    made.addHandler(kept)
    return made, kept.lines


def network(mx: Any) -> Any:
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3, name="fc"), name="softmax")


def examples(mx: Any) -> Any:
    data = np.random.RandomState(3).uniform(-1, 1, (12, 4))
    return mx.io.NDArrayIter(data, np.arange(12) % 3, 4)


def weights(mx: Any) -> dict[str, Any]:
    return {"fc_weight": mx.nd.array(np.linspace(-1, 1, 12).reshape(3, 4)), "fc_bias": mx.nd.zeros((3,))}


def fitted(mx: Any, metric: Any, callback: Any, **more: Any) -> list[str]:
    log, lines = logger()
    module = mx.mod.Module(network(mx), logger=log)
    module.fit(examples(mx), eval_metric=metric, num_epoch=2, arg_params=weights(mx), batch_end_callback=callback,
               optimizer_params={"learning_rate": 0.1}, **more)
    return lines


def two_losses(mx: Any) -> Any:
    """SSD's metric: several sums, and a reset that knows nothing of global ones."""
    class TwoLosses(mx.metric.EvalMetric):
        def __init__(self) -> None:
            super().__init__("MultiBox")
            self.num = 2
            self.name = ["CrossEntropy", "SmoothL1"]
            self.reset()

        def reset(self) -> None:
            self.num_inst = [0, 0]
            self.sum_metric = [0.0, 0.0]

        def reset_local(self) -> None:
            self.reset()

        def update(self, labels: Any, preds: Any) -> None:
            found = preds[0].asnumpy()[np.arange(4), labels[0].asnumpy().astype(int)]
            self.sum_metric[0] += -np.log(found).sum()
            self.sum_metric[1] += (1 - found).sum()
            self.num_inst = [count + 4 for count in self.num_inst]

        def get(self) -> Any:
            return self.name, [float(total / count) if count else float("nan")
                               for total, count in zip(self.sum_metric, self.num_inst)]
    return TwoLosses()


@stage
def metric_that_the_last_callback_resets(mx: Any) -> Any:
    return fitted(mx, two_losses(mx), mx.callback.Speedometer(4, 1))


@stage
def metric_in_a_composite_that_a_callback_resets(mx: Any) -> Any:
    return fitted(mx, mx.metric.CompositeEvalMetric([two_losses(mx), mx.metric.Accuracy()]),
                  [mx.callback.Speedometer(4, 1), lambda param: param.eval_metric.reset()])


@stage
def metric_that_holds_another(mx: Any) -> Any:
    class Holder(mx.metric.EvalMetric):
        def __init__(self) -> None:
            self.inner = mx.metric.CrossEntropy()
            super().__init__("holder")

        def reset(self) -> None:
            self.inner.reset()

        def update(self, labels: Any, preds: Any) -> None:
            self.inner.update(labels, preds)

        def get(self) -> Any:
            return "holder", self.inner.get()[1]
    return fitted(mx, Holder(), lambda param: param.eval_metric.reset())


@stage
def iterator_without_labels_and_padding(mx: Any) -> Any:
    """The noise of MXNet's DCGAN example."""
    class Noise(mx.io.DataIter):
        def __init__(self) -> None:
            self.batch_size = 2
            self.provide_data = [("rand", (2, 3))]
            self.provide_label: list[Any] = []

        def iter_next(self) -> bool:
            return True

        def getdata(self) -> list[Any]:
            return [mx.nd.ones((2, 3))]
    batch = Noise().next()
    module = mx.mod.Module(mx.sym.sum(mx.sym.Variable("rand") * 2, axis=1), data_names=("rand",), label_names=None)
    module.bind(Noise().provide_data)
    module.init_params()
    module.forward(batch)
    return batch.label, batch.pad, batch.index, module.get_outputs()


@stage
def monitor_prints_float32(mx: Any) -> Any:
    """Nine digits, not the seventeen of the same number in double precision."""
    log = fitted(mx, "acc", None, monitor=mx.mon.Monitor(1, pattern="fc_weight"))
    monitor = mx.mon.Monitor(1, pattern="x")
    executor = mx.sym.identity(mx.sym.Variable("x")).bind(mx.cpu(), {"x": mx.nd.array([0.1, 0.2, 0.4])})
    monitor.install(executor)
    monitor.tic()
    executor.forward()
    return log, monitor.toc()


@stage
def custom_metric_sums_in_double_precision(mx: Any) -> Any:
    metric = mx.metric.CustomMetric(lambda label, pred: np.float32(0.1), name="tenth")
    for _ in range(1000):
        metric.update([mx.nd.ones((1,))], [mx.nd.ones((1,))])
    return repr(round(float(metric.get()[1]), 12)), "float32" in repr(metric.get())


@stage
def custom_metric_of_counts(mx: Any) -> Any:
    class Right(mx.metric.EvalMetric):
        def update(self, labels: Any, preds: Any) -> None:
            right = (preds[0].asnumpy().argmax(1) == labels[0].asnumpy()).sum()
            self.sum_metric += right
            self.num_inst += np.int64(len(preds[0]))
    metric = Right("right")
    metric.update([mx.nd.array([0, 1])], [mx.nd.array([[0.6, 0.4], [0.7, 0.3]])])
    return str(metric.get()), str(metric)


@stage
def subclasses_that_call_the_update_of_their_parent(mx: Any) -> Any:
    """They mask what it did, add noise, or print."""
    found = {}
    for kind, more in (("Adam", {"beta1": 0.8}), ("RMSProp", {}), ("AdaGrad", {}), ("AdaDelta", {}), ("Ftrl", {})):
        class Masked(getattr(mx.optimizer, kind)):                   # type: ignore[misc]
            def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
                super().update(index, weight, grad, state)
                weight[:] = weight * mx.nd.array([1, 0, 1, 0])

        class Deeper(Masked):
            def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
                super().update(index, weight, grad * 2, state)

        module = mx.mod.Module(mx.sym.LinearRegressionOutput(
            mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=1, name="fc", no_bias=True), name="softmax"))
        for which in (Masked, Deeper):
            module.bind([("data", (4, 4))], [("softmax_label", (4, 1))], force_rebind=True)
            module.init_params(mx.init.One(), force_init=True)
            module.init_optimizer(kvstore=None, optimizer=which(learning_rate=0.1, rescale_grad=0.25, **more),
                                  force_init=True)
            for step in range(3):
                data = mx.nd.array(np.linspace(-1, 1 + step, 16).reshape(4, 4))
                module.forward_backward(mx.io.DataBatch([data], [mx.nd.ones((4, 1))]))
                module.update()
            found[f"{kind} {which.__name__}"] = module.get_params()[0]["fc_weight"]
    return found


@stage
def topk_of_equals(mx: Any) -> Any:
    """Predictions of an untrained network, beams that have not begun: the first of equals is taken."""
    found = []
    for size, k in ((7, 3), (16, 3), (10, 10), (40, 1), (1000, 1)):
        values = mx.nd.array(np.random.RandomState(size).randint(0, 3, (2, size)))
        for smallest in (False, True):
            found.append([mx.nd.topk(values, axis=1, k=k, ret_typ=kind, is_ascend=smallest)
                          for kind in ("indices", "mask", "value")])
    return found


@stage
def buckets_share_layers_without_names(mx: Any) -> Any:
    def sym_gen(length: int) -> Any:
        embedded = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=10, output_dim=4)
        hidden = mx.sym.FullyConnected(mx.sym.mean(embedded, axis=1), num_hidden=3)
        return mx.sym.SoftmaxOutput(hidden, name="softmax"), ("data",), ("softmax_label",)
    before = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3).name
    found = []
    with mx.name.Prefix("outer_"):
        module = mx.mod.BucketingModule(sym_gen, default_bucket_key=8)
        module.bind([("data", (2, 8))], [("softmax_label", (2,))])
        module.init_params(mx.init.One())
        module.init_optimizer(optimizer_params={"learning_rate": 0.5})
        for length in (8, 4, 6, 4):
            module.forward_backward(mx.io.DataBatch(
                [mx.nd.ones((2, length))], [mx.nd.zeros((2,))], bucket_key=length,
                provide_data=[("data", (2, length))], provide_label=[("softmax_label", (2,))]))
            module.update()
            found.append((module.symbol.list_arguments(), {name: value.asnumpy().sum()
                                                           for name, value in sorted(module.get_params()[0].items())}))
    after = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=3).name
    return found, int(after.replace("fullyconnected", "")) - int(before.replace("fullyconnected", ""))


@stage
def arrays_of_every_memory_are_written(mx: Any) -> Any:
    """OpenCV's images turned from blue-green-red, MNIST's bytes, images mirrored in place."""
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    frozen = np.frombuffer(np.arange(18, dtype=np.float32).tobytes(), np.float32).reshape(2, 3, 3)
    swapped = np.arange(18).reshape(2, 3, 3).astype(">f4")
    found = []
    for values in (image[:, :, ::-1], image[::-1], frozen, frozen[:, ::-1], swapped, np.broadcast_to(3.0, (2, 3, 3))):
        batch = mx.nd.zeros((2, 2, 3, 3))
        batch[0] = values
        batch[1][:] = values
        batch[1, 0] = values[0]
        batch[1, :, 1] = values[:, 1, ::-1]
        full = mx.nd.full((2, 3, 3), values.astype(np.float32))
        executor = mx.sym.identity(mx.sym.Variable("x")).simple_bind(mx.cpu(), x=(2, 3, 3))
        executor.arg_dict["x"][:] = values
        found.append([batch, full, executor.forward()])
    return found
