# SPDX-License-Identifier: Apache-2.0
"""Scenarios of mx.metric."""
from __future__ import annotations

from typing import Any

import numpy as np

from scenarios.stage import Stage, attempt

stage = Stage("metric")


def batches(mx: Any, kind: str, dtype: str = "float32", sizes: tuple[int, ...] = (6, 4, 5)) -> list[Any]:
    """(labels, predictions) of several batches, the same for everybody."""
    rng, made = np.random.RandomState(1), []
    for size in sizes:
        classes = {"binary": 2, "classes": 5}.get(kind)
        if classes:
            label = rng.randint(0, classes, size)
            pred = rng.dirichlet(np.ones(classes), size)
        elif kind == "sequence":
            label, pred = rng.randint(0, 4, (size, 3)), rng.dirichlet(np.ones(4), (size, 3))
        elif kind == "vector":
            label, pred = rng.randn(size), rng.randn(size)
        else:
            label, pred = rng.randn(size, 3), rng.randn(size, 3)
        made.append(([mx.nd.array(label, dtype="float32")], [mx.nd.array(pred, dtype=dtype)]))
    return made


def follow(mx: Any, metric: Any, given: list[Any]) -> list[Any]:
    """What a metric says after each batch, with the local average begun anew before the last."""
    said: list[Any] = [metric.get(), metric.get_global()]
    for number, (labels, preds) in enumerate(given):
        if number == len(given) - 1:
            metric.reset_local()
            said.append(metric.get())
        metric.update(labels, preds)
        said += [metric.get(), metric.get_global(), metric.num_inst, metric.sum_metric]
    said += [metric.get_name_value(), metric.get_global_name_value()]
    metric.reset()
    return said + [metric.get(), metric.get_global()]


CASES = {
    "accuracy": (lambda mx: mx.metric.Accuracy(), "classes"),
    "accuracy_sequence": (lambda mx: mx.metric.Accuracy(axis=2), "sequence"),
    "accuracy_sequence_wrong_axis": (lambda mx: mx.metric.Accuracy(axis=1), "sequence"),
    "accuracy_last_axis": (lambda mx: mx.metric.Accuracy(axis=-1), "classes"),
    "accuracy_regression": (lambda mx: mx.metric.Accuracy(), "vector"),
    "accuracy_matrix": (lambda mx: mx.metric.Accuracy(), "matrix"),
    "top_2": (lambda mx: mx.metric.TopKAccuracy(top_k=2), "classes"),
    "top_3": (lambda mx: mx.metric.TopKAccuracy(3), "classes"),
    "top_9_of_5": (lambda mx: mx.metric.TopKAccuracy(9), "classes"),
    "top_2_sequence": (lambda mx: mx.metric.TopKAccuracy(2), "sequence"),
    "f1_macro": (lambda mx: mx.metric.F1(), "binary"),
    "f1_micro": (lambda mx: mx.metric.F1(average="micro"), "binary"),
    "f1_many": (lambda mx: mx.metric.F1(), "classes"),
    "mcc_macro": (lambda mx: mx.metric.MCC(), "binary"),
    "mcc_micro": (lambda mx: mx.metric.MCC(average="micro"), "binary"),
    "pcc_binary": (lambda mx: mx.metric.PCC(), "binary"),
    "pcc_classes": (lambda mx: mx.metric.PCC(), "classes"),
    "pcc_no_global": (lambda mx: mx.metric.PCC(has_global_stats=False), "classes"),
    "perplexity": (lambda mx: mx.metric.Perplexity(ignore_label=None), "classes"),
    "perplexity_ignore": (lambda mx: mx.metric.Perplexity(ignore_label=0), "classes"),
    "perplexity_sequence": (lambda mx: mx.metric.Perplexity(ignore_label=1), "sequence"),
    "mae": (lambda mx: mx.metric.MAE(), "vector"),
    "mae_matrix": (lambda mx: mx.metric.MAE(), "matrix"),
    "mse": (lambda mx: mx.metric.MSE(), "vector"),
    "mse_matrix": (lambda mx: mx.metric.MSE(), "matrix"),
    "rmse": (lambda mx: mx.metric.RMSE(), "vector"),
    "rmse_matrix": (lambda mx: mx.metric.RMSE(), "matrix"),
    "mse_classes": (lambda mx: mx.metric.MSE(), "classes"),
    "cross_entropy": (lambda mx: mx.metric.CrossEntropy(), "classes"),
    "cross_entropy_eps": (lambda mx: mx.metric.CrossEntropy(eps=0.1), "classes"),
    "cross_entropy_sequence": (lambda mx: mx.metric.CrossEntropy(), "sequence"),
    "nll": (lambda mx: mx.metric.NegativeLogLikelihood(), "classes"),
    "pearson": (lambda mx: mx.metric.PearsonCorrelation(), "vector"),
    "pearson_matrix": (lambda mx: mx.metric.PearsonCorrelation(), "matrix"),
    "pearson_micro": (lambda mx: mx.metric.PearsonCorrelation(average="micro"), "vector"),
    "pearson_micro_matrix": (lambda mx: mx.metric.PearsonCorrelation(average="micro"), "matrix"),
    "pearson_classes": (lambda mx: mx.metric.PearsonCorrelation(), "classes"),
    "loss": (lambda mx: mx.metric.Loss(), "matrix"),
    "torch": (lambda mx: mx.metric.Torch(), "vector"),
    "caffe": (lambda mx: mx.metric.Caffe(), "classes"),
    "custom": (lambda mx: mx.metric.CustomMetric(lambda label, pred: float(np.abs(label - pred).max())), "vector"),
    "custom_pair": (lambda mx: mx.metric.CustomMetric(lambda label, pred: (float(pred.sum()), len(pred)), "c"),
                    "classes"),
    "np": (lambda mx: mx.metric.np(lambda label, pred: float((label * pred).sum()), "product"), "vector"),
    "composite": (lambda mx: mx.metric.create(["acc", "ce"]), "classes"),
}


for title, (make, kind) in CASES.items():
    for dtype in ("float32", "float64", "int32") if title in ("accuracy", "mse", "loss") else ("float32",):
        if dtype == "int32" and title == "accuracy":
            continue
        stage.add(f"{title}_{dtype}", lambda mx, make=make, kind=kind, dtype=dtype:
                  follow_any(mx, make(mx), batches(mx, kind, dtype)))


def follow_any(mx: Any, metric: Any, given: list[Any]) -> Any:
    if "Composite" not in type(metric).__name__:
        return follow(mx, metric, given)
    for labels, preds in given:
        metric.update(labels, preds)
    before = metric.get(), metric.get_global(), metric.get_name_value(), metric.get_global_name_value()
    metric.reset_local()
    return before, metric.get(), metric.get_global(), str(metric)


@stage
def two_outputs(mx: Any) -> Any:
    said = []
    for name in ("acc", "mse", "ce", "loss", "f1", "mcc", "pcc", "rmse", "mae"):
        metric = mx.metric.create(name)
        first, second = batches(mx, "binary", sizes=(4, 6))
        if name in ("mse", "rmse", "mae"):
            first, second = batches(mx, "matrix", sizes=(4, 6))
        metric.update(first[0] + second[0], first[1] + second[1])
        said.append(metric.get())
    return said


@stage
def single_arrays(mx: Any) -> Any:
    said = []
    for name in ("acc", "mse", "mae", "loss"):
        metric = mx.metric.create(name)
        label, pred = mx.nd.array([1, 0, 2]), mx.nd.array([1, 0, 1])
        metric.update(label, pred)
        said.append(metric.get())
    return said


@stage
def shapes_differ(mx: Any) -> Any:
    made = {"acc": mx.metric.Accuracy(), "top": mx.metric.TopKAccuracy(2), "f1": mx.metric.F1(),
            "ce": mx.metric.CrossEntropy(), "perplexity": mx.metric.Perplexity(None),
            "mse": mx.metric.MSE(), "pearson": mx.metric.PearsonCorrelation()}
    label, pred = mx.nd.zeros((3,)), mx.nd.ones((4, 2))
    return {name: attempt(lambda: metric.update([label], [pred])) for name, metric in made.items()}


@stage
def numbers_differ(mx: Any) -> Any:
    made = {name: mx.metric.create(name) for name in
            ("acc", "f1", "mcc", "pcc", "mse", "mae", "rmse", "ce", "pearsonr")}
    label, pred = mx.nd.zeros((3,)), mx.nd.ones((3, 2))
    return {name: attempt(lambda: metric.update([label], [pred, pred])) for name, metric in made.items()}


@stage
def label_column(mx: Any) -> Any:
    said = {}
    pred = mx.nd.array([[0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    for name in ("acc", "ce", "pcc"):
        metric = mx.metric.create(name)
        said[name] = attempt(lambda: (metric.update([mx.nd.array([[1], [0], [0]])], [pred]), metric.get())[1])
    return said


@stage
def fractions_and_ties(mx: Any) -> Any:
    accuracy = mx.metric.Accuracy()
    accuracy.update([mx.nd.array([1.7, 0.2, -0.5, 1])], [mx.nd.array([[1, 1], [1, 1], [0, 2], [0, 2]])])
    accuracy.update([mx.nd.array([1.2, 3.9])], [mx.nd.array([1.8, 3.1])])
    return accuracy.get()


@stage
def labels_outside(mx: Any) -> Any:
    pred = mx.nd.array([[0.2, 0.8], [0.6, 0.4]])
    said = {}
    for name, metric in {"ce": mx.metric.CrossEntropy(), "perplexity": mx.metric.Perplexity(None),
                         "ignored": mx.metric.Perplexity(-1), "all": mx.metric.Perplexity(1)}.items():
        for labels in ([0, 2], [0, -1], [1, 1]):
            metric.reset()
            said[f"{name} {labels}"] = attempt(
                lambda: (metric.update([mx.nd.array(labels)], [pred]), metric.get(), metric.num_inst)[1:])
    return said


@stage
def perplexity_axis(mx: Any) -> Any:
    metric = mx.metric.Perplexity(None, axis=0)
    return attempt(lambda: (metric.update([mx.nd.array([0, 1, 1])],
                                          [mx.nd.array([[0.2, 0.8, 0.1], [0.6, 0.4, 0.3], [0.5, 0.3, 0.3]])]),
                            metric.get())[1])


@stage
def one_class_only(mx: Any) -> Any:
    said = {}
    for name in ("f1", "mcc", "pcc"):
        for label, pred in (([0, 0], [[1, 0], [1, 0]]), ([1, 1], [[0, 1], [0, 1]]), ([1, 1], [[1, 0], [1, 0]]),
                            ([0, 2], [[1, 0], [0, 1]]), ([0, 1, 2], [[1, 0], [0, 1], [1, 0]])):
            metric = mx.metric.create(name)
            said[f"{name} {label} {pred}"] = attempt(
                lambda: (metric.update([mx.nd.array(label)], [mx.nd.array(pred)]), metric.get())[1])
    return said


@stage
def by_name(mx: Any) -> Any:
    label = {"a_label": mx.nd.array([0, 1]), "b_label": mx.nd.array([1, 1])}
    pred = {"a_output": mx.nd.array([[1, 0], [0, 1]]), "b_output": mx.nd.array([[1, 0], [0, 1]])}
    said: dict[str, Any] = {}
    for title, names in {"all": {}, "a": {"output_names": ["a_output"], "label_names": ["a_label"]},
                         "crossed": {"output_names": ["a_output"], "label_names": ["b_label"]},
                         "unknown": {"output_names": ["c_output"], "label_names": ["b_label"]},
                         "unknown_label": {"output_names": ["a_output"], "label_names": ["c_label"]}}.items():
        accuracy = mx.metric.Accuracy(**names)
        said[title] = attempt(lambda: (accuracy.update_dict(label, pred), accuracy.get(), accuracy.get_config())[1:])
        both = mx.metric.CompositeEvalMetric([mx.metric.Accuracy(), mx.metric.CrossEntropy()], **names)
        said["composite " + title] = attempt(lambda: (both.update_dict(label, pred), both.get())[1])
    return said


@stage
def configurations(mx: Any) -> Any:
    made = [mx.metric.Accuracy(), mx.metric.Accuracy(2, "x", ["o"], ["l"]), mx.metric.TopKAccuracy(3), mx.metric.F1(),
            mx.metric.MCC(average="micro"), mx.metric.Perplexity(3), mx.metric.MAE(), mx.metric.CrossEntropy(0.5),
            mx.metric.NegativeLogLikelihood(), mx.metric.PearsonCorrelation(), mx.metric.Loss(), mx.metric.Torch(),
            mx.metric.PCC(), mx.metric.CompositeEvalMetric(["acc", "mse"]), mx.metric.EvalMetric("e", extra=3)]
    return [{"config": {key: config[key] for key in sorted(config) if key != "average"}, "text": str(metric),
             "names": [metric.output_names, metric.label_names]}
            for metric in made for config in [metric.get_config()]]


@stage
def creation(mx: Any) -> Any:
    def name_of(*args: Any, **kwargs: Any) -> Any:
        return attempt(lambda: [type(mx.metric.create(*args, **kwargs)).__name__,
                                mx.metric.create(*args, **kwargs).get()[0]])
    names = ["acc", "accuracy", "caffe", "ce", "composite", "compositeevalmetric", "crossentropy", "f1", "loss",
             "mae", "mcc", "mse", "nll_loss", "negativeloglikelihood", "pcc", "pearsoncorrelation", "pearsonr",
             "rmse", "torch", "ACC", "Accuracy", "nothing", "cross-entropy", "nll-loss", "perplexity",
             "top_k_accuracy", "custommetric"]
    said = {name: name_of(name) for name in names}
    said["top"] = name_of("top_k_acc", top_k=4)
    said["perplexity 0"] = name_of("perplexity", ignore_label=0)
    said["json"] = name_of('["accuracy", {"name": "a"}]')
    said["json dict"] = name_of('{"metric": "accuracy", "name": "a"}')
    said["dict"] = name_of({"metric": "accuracy", "name": "a"})
    said["list"] = name_of(["acc", mx.metric.MSE(), lambda label, pred: 1.0])
    said["nested"] = name_of(["acc", ["mse", "mae"]])
    said["instance"] = name_of(mx.metric.MSE())
    said["instance and more"] = name_of(mx.metric.MSE(), "name")
    said["function"] = name_of(lambda label, pred: 0.0)
    said["named function"] = name_of(configurations)
    said["number"] = name_of(3)
    said["none"] = name_of(None)
    said["tuple"] = name_of(("acc", "mse"))
    said["top 1"] = attempt(lambda: mx.metric.TopKAccuracy(1).name)
    said["config"] = attempt(lambda: str(mx.metric.create(mx.metric.Accuracy(2).get_config()).get_config()["axis"]))
    said["keyword"] = attempt(lambda: mx.metric.create(metric="acc").name)
    return said


@stage
def custom_subclass(mx: Any) -> Any:
    class Own(mx.metric.EvalMetric):
        def __init__(self, scale: float = 1) -> None:
            self.scale = scale
            super().__init__("own", scale=scale)

        def update(self, labels: Any, preds: Any) -> None:
            self.sum_metric += self.scale * float(preds[0].asnumpy().sum())
            self.num_inst += 2
    mx.metric.register(Own)
    own = mx.metric.create("own", scale=3)
    said = [own.get()]
    own.update(None, [mx.nd.array([1, 2])])
    said += [own.get(), own.get_global(), own.get_global_name_value(), own.get_config()]
    own.reset_local()
    return [*said, own.get(), own.num_inst, own.sum_metric, own.global_num_inst]


@stage
def several_values(mx: Any) -> Any:
    class Several(mx.metric.EvalMetric):
        def __init__(self) -> None:
            super().__init__("several")

        def reset(self) -> None:
            self.num_inst, self.sum_metric = [0, 0], [0.0, 0.0]

        def update(self, labels: Any, preds: Any) -> None:
            for index, pred in enumerate(preds):
                self.sum_metric[index] += float(pred.asnumpy().sum())
                self.num_inst[index] += 1

        def get(self) -> Any:
            return ["a", "b"], [total / count if count else 0.0 for total, count in zip(self.sum_metric, self.num_inst)]
    several = Several()
    several.update(None, [mx.nd.array([1, 2]), mx.nd.array([4])])
    both = mx.metric.CompositeEvalMetric([several, "mse"])
    return several.get(), several.get_name_value(), both.get(), both.get_name_value(), both.get_global()


@stage
def label_shapes(mx: Any) -> Any:
    check, one, two = mx.metric.check_label_shapes, mx.nd.zeros((2, 3)), mx.nd.zeros((2, 4))
    return [attempt(lambda: check([one], [two])), attempt(lambda: check([one], [two, two])),
            attempt(lambda: check(one, two)), attempt(lambda: check(one, two, False, True)),
            attempt(lambda: check(one, two, True)), attempt(lambda: check(one, one, shape=True)),
            attempt(lambda: check([1, 2], [3, 4], wrap=True))]


@stage
def custom_extra_outputs(mx: Any) -> Any:
    label, pred = [mx.nd.array([1, 2])], [mx.nd.array([1, 3]), mx.nd.array([4])]
    def error(found: Any, wanted: Any) -> float:
        return float(np.abs(found - wanted).sum())
    strict, extra = mx.metric.CustomMetric(error), mx.metric.np(error, allow_extra_outputs=True)
    extra.update(label, pred)
    return (attempt(lambda: strict.update(label, pred)), strict.name, extra.get(),
            attempt(lambda: strict.get_config()))


@stage
def pearson_pieces(mx: Any) -> Any:
    metric = mx.metric.PearsonCorrelation(average="micro")
    return metric.update_variance(np.array([1.0, 2, 4]), 0, 0.0, 0.0), \
        metric.update_variance(np.array([1.0, 2, 4]), 3, 1.5, 2.0)


@stage
def composite_members(mx: Any) -> Any:
    both = mx.metric.CompositeEvalMetric()
    both.add("acc")
    both.add(mx.metric.MSE())
    return len(both.metrics), both.get_metric(1).name, both.get()


@stage
def empty_batches(mx: Any) -> Any:
    said = {}
    for name in ("acc", "mse", "loss"):
        metric = mx.metric.create(name)
        metric.update([], [])
        said[name] = metric.get()
    return said
