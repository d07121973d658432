# SPDX-License-Identifier: Apache-2.0
"""Scopes belong to their thread: the default context, attributes and names."""
from __future__ import annotations

import threading

import pytest

import mxnet as mx


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_default_context_of_a_thread():
    def changed():
        mx.Context.default_ctx = mx.gpu(11)
        return str(mx.current_context())
    assert in_thread(changed) == "gpu(11)" and mx.current_context() == mx.cpu()
    with mx.cpu(3):
        assert in_thread(mx.current_context) == mx.cpu() and mx.current_context() == mx.cpu(3)


def test_attributes_of_a_thread():
    with mx.AttrScope(y="1"):
        assert in_thread(lambda: mx.sym.var("a").list_attr()) == {}
        assert mx.sym.var("a").list_attr() == {"y": "1"}


def test_names_of_a_thread():
    with mx.name.Prefix("p_"):
        assert in_thread(lambda: mx.sym.exp(mx.sym.var("a"), name="e").name) == "e"
        assert mx.sym.exp(mx.sym.var("a"), name="e").name == "p_e"
    with mx.name.NameManager():
        first = mx.sym.exp(mx.sym.var("a")).name
        with mx.name.NameManager():
            assert mx.sym.exp(mx.sym.var("a")).name == first == "exp0"


@pytest.mark.parametrize("kind, where", [(mx.name.NameManager, "_current"), (mx.AttrScope, "_current"),
                                         (mx.Context, "_default_ctx")])
def test_where_older_programs_look(kind, where):
    now = kind.default_ctx if kind is mx.Context else kind.current
    assert getattr(kind, where).value is now
