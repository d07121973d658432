# SPDX-License-Identifier: Apache-2.0
"""`mx.mod`: training and prediction with symbols."""
from . import base_module, executor_group
from .base_module import BaseModule
from .module import Module

__all__ = ["BaseModule", "Module"]
