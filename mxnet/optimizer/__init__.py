# SPDX-License-Identifier: Apache-2.0
"""`mx.optimizer`: weight updates."""
from .._old_names import lend
from . import contrib, optimizer
from .adam import FTML, LAMB, Adam, Adamax, Nadam
from .adaptive import AdaDelta, AdaGrad, Ftrl, RMSProp, Test
from .large_batch import LARS, LBSGD
from .optimizer import Optimizer, create, register
from .sgd import DCASGD, NAG, SGD, SGLD, Signum, ccSGD
from .updater import Updater, get_updater

__all__ = ["DCASGD", "FTML", "LAMB", "LARS", "LBSGD", "NAG", "SGD", "SGLD", "AdaDelta", "AdaGrad", "Adam", "Adamax",
           "Ftrl", "Nadam", "Optimizer", "RMSProp", "Signum", "Test", "Updater", "ccSGD", "create", "get_updater",
           "register"]

# Where MXNet has these classes: pickled optimizers name it, and programs import from it.
for _kind in (DCASGD, FTML, LAMB, LARS, LBSGD, NAG, SGD, SGLD, AdaDelta, AdaGrad, Adam, Adamax, Ftrl, Nadam, RMSProp,
              Signum, Test, ccSGD, Updater):
    _kind.__module__ = optimizer.__name__
    setattr(optimizer, _kind.__name__, _kind)
optimizer.get_updater = get_updater                    # type: ignore[attr-defined]

lend(__name__)
