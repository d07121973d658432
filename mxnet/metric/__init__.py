# SPDX-License-Identifier: Apache-2.0
"""`mx.metric`: measures of how good predictions are, accumulated over batches."""
from .._old_names import lend
from ..base import numeric_types, string_types
from .base import CompositeEvalMetric, EvalMetric, alias, check_label_shapes, create, register
from .binary import F1, MCC
from .classification import PCC, Accuracy, TopKAccuracy
from .custom import Caffe, CustomMetric, Loss, Torch, np
from .likelihood import CrossEntropy, NegativeLogLikelihood, Perplexity
from .regression import MAE, MSE, RMSE, PearsonCorrelation

__all__ = ["F1", "MAE", "MCC", "MSE", "PCC", "RMSE", "Accuracy", "Caffe", "CompositeEvalMetric", "CrossEntropy",
           "CustomMetric", "EvalMetric", "Loss", "NegativeLogLikelihood", "PearsonCorrelation", "Perplexity",
           "TopKAccuracy", "Torch", "alias", "check_label_shapes", "create", "np", "register"]

lend(__name__)
