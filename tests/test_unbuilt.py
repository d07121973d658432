# SPDX-License-Identifier: Apache-2.0
"""Modules that are not built: importing them is no error, using them is, and says why."""
from __future__ import annotations

import importlib

import pytest

import mxnet as mx


@pytest.mark.parametrize("name", ["gluon", "gluon.nn", "gluon.model_zoo.vision", "numpy", "rtc", "contrib.amp"])
def test_importing_works_and_use_says_what_is_missing(name):
    module = importlib.import_module(f"mxnet.{name}")
    assert not hasattr(module, "anything")
    with pytest.raises(mx.MXNetError, match=f"mx.{name}.anything: mx.{name} is not built"):
        module.anything()
    with pytest.raises(NotImplementedError, match="not built"):
        module.anything()


def test_names_from_within():
    from mxnet.gluon import Block
    from mxnet.gluon.utils import split_and_load
    with pytest.raises(mx.MXNetError, match="mx.gluon.Block is not built"):
        class Net(Block):
            """A user's block."""
    with pytest.raises(mx.MXNetError, match="split_and_load is not built"):
        split_and_load([1], [mx.cpu()])


def test_attributes_of_the_package():
    assert mx.gluon is importlib.import_module("mxnet.gluon") and mx.np is mx.numpy
    assert mx.contrib.text is importlib.import_module("mxnet.contrib.text")
    assert not mx.is_np_shape() and "np" not in dir(mx)
    with pytest.raises(AttributeError, match="no attribute 'gloun'"):
        mx.gloun  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("mxnet.gloun")
