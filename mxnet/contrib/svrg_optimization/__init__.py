# SPDX-License-Identifier: Apache-2.0
"""`mx.contrib.svrg_optimization`: stochastic variance reduced gradients for Module."""
from . import svrg_module, svrg_optimizer

__all__ = ["svrg_module", "svrg_optimizer"]
