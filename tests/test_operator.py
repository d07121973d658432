# SPDX-License-Identifier: Apache-2.0
"""Custom operators: eager, symbolic, in Module.fit; what MXNet 1.9.1 gives for the same programs stands as numbers."""
from __future__ import annotations

import json
import traceback

import numpy as np
import pytest

import mxnet as mx

FC2_BIAS = [-0.30679410696029663, 0.32269763946533203, -0.16672340035438538]        # by MXNet 1.9.1


class Affine(mx.operator.CustomOp):
    def __init__(self, scale):
        self.scale = scale

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0] * self.scale + in_data[1])
        self.assign(out_data[1], req[1], in_data[0] * 2)
        aux[0][:] = aux[0] + 1

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * self.scale + out_grad[1] * 2)
        self.assign(in_grad[1], req[1], out_grad[0])


@mx.operator.register("test_affine")
class AffineProp(mx.operator.CustomOpProp):
    def __init__(self, scale="1", **others):
        super().__init__(need_top_grad=True)
        self.scale, self.others = float(scale), others
        AffineProp.last = self

    def list_arguments(self):
        return ["data", "bias"]

    def list_outputs(self):
        return ["o1", "o2"]

    def list_auxiliary_states(self):
        return ["count"]

    def infer_shape(self, in_shape):
        return [in_shape[0], in_shape[0]], [in_shape[0], in_shape[0]], [(1,)]

    def infer_type(self, in_type):
        return [in_type[0]] * 2, [in_type[0]] * 2, [np.float32]

    def create_operator(self, ctx, in_shapes, in_dtypes):
        AffineProp.made = (ctx, in_shapes, in_dtypes)
        return Affine(self.scale)


class Softmax(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        x = in_data[0].asnumpy()
        y = np.exp(x - x.max(axis=1, keepdims=True))
        y /= y.sum(axis=1, keepdims=True)
        self.assign(out_data[0], req[0], mx.nd.array(y))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        label = in_data[1].asnumpy().ravel().astype(np.int64)
        y = out_data[0].asnumpy()
        y[np.arange(label.shape[0]), label] -= 1.0
        self.assign(in_grad[0], req[0], mx.nd.array(y))


@mx.operator.register("test_softmax")
class SoftmaxProp(mx.operator.CustomOpProp):
    def __init__(self):
        super().__init__(need_top_grad=False)

    def list_arguments(self):
        return ["data", "label"]

    def infer_shape(self, in_shape):
        return [in_shape[0], (in_shape[0][0],)], [in_shape[0]], []

    def create_operator(self, ctx, shapes, dtypes):
        return Softmax()


class Failing(mx.operator.CustomOp):
    def __init__(self, where):
        self.where = where

    def forward(self, is_train, req, in_data, out_data, aux):
        if self.where == "forward":
            raise ValueError("mine in forward")
        out_data[0][:] = in_data[0]

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        raise ZeroDivisionError("mine in backward") if self.where == "backward" else ValueError("mine too")


@mx.operator.register("test_failing")
class FailingProp(mx.operator.CustomOpProp):
    def __init__(self, where):
        super().__init__()
        self.where = where

    def infer_shape(self, in_shape):
        if self.where == "shape":
            raise ValueError("mine in infer_shape")
        if self.where == "count":
            return in_shape, [in_shape[0]] * 2, []
        return in_shape, [in_shape[0]], []

    def infer_type(self, in_type):
        if self.where == "type":
            raise TypeError("mine in infer_type")
        return super().infer_type(in_type)

    def create_operator(self, ctx, shapes, dtypes):
        return Failing(self.where)


def test_eager_with_gradients_and_aux():
    x, b, count = mx.nd.array([[1, 2], [3, 4]]), mx.nd.ones((2, 2)), mx.nd.zeros((1,))
    x.attach_grad()
    b.attach_grad()
    with mx.autograd.record():
        first, second = mx.nd.Custom(x, b, count, op_type="test_affine", scale=3, foo=(1, 2), bar=None, q=True)
        first.sum().backward()
    np.testing.assert_array_equal(first.asnumpy(), [[4, 7], [10, 13]])
    np.testing.assert_array_equal(second.asnumpy(), [[2, 4], [6, 8]])
    np.testing.assert_array_equal(x.grad.asnumpy(), np.full((2, 2), 3))
    np.testing.assert_array_equal(b.grad.asnumpy(), np.ones((2, 2)))
    assert count.asnumpy() == [1]
    assert AffineProp.last.others == {"foo": "(1, 2)", "bar": "None", "q": "True"}
    assert AffineProp.made == (mx.cpu(0), [[2, 2], [2, 2], [1]], [0, 0, 0])


def test_symbol_names_json_and_inference():
    net = mx.sym.Custom(mx.sym.Variable("data"), op_type="test_affine", scale=3, foo=(1, 2), name="cu", bar=None)
    assert net.list_arguments() == ["data", "cu_bias"]
    assert net.list_outputs() == ["cu_o1", "cu_o2"]
    assert net.list_auxiliary_states() == ["cu_count"]
    node = json.loads(net.tojson())["nodes"][-1]
    assert node["attrs"] == {"bar": "None", "foo": "(1, 2)", "op_type": "test_affine", "scale": "3"}
    assert node["inputs"] == [[0, 0, 0], [1, 0, 0], [2, 0, 1]]
    for symbol in (net, mx.sym.load_json(net.tojson())):
        assert symbol.infer_shape(data=(2, 2)) == ([(2, 2), (2, 2)], [(2, 2), (2, 2)], [(1,)])
        assert symbol.infer_shape_partial(data=(0, 2)) == ([(0, 2), (0, 2)], [(0, 2), (0, 2)], [(1,)])
        assert symbol.infer_type(data="float16")[1] == [np.float16, np.float16]
    by_name = mx.sym.Custom(data=mx.sym.Variable("d"), bias=mx.sym.Variable("bb"), op_type="test_affine")
    assert by_name.list_arguments() == ["d", "bb"]


def test_executor_with_grad_req_and_aux():
    net = mx.sym.Custom(mx.sym.Variable("data"), op_type="test_affine", scale=3, name="cu")
    exe = net.simple_bind(mx.cpu(), data=(2, 2), grad_req={"data": "add", "cu_bias": "null"})
    for step in (1, 2):
        exe.forward(is_train=True, data=np.ones((2, 2)))
        exe.backward([mx.nd.ones((2, 2)), mx.nd.ones((2, 2))])
        np.testing.assert_array_equal(exe.grad_dict["data"].asnumpy(), np.full((2, 2), 5 * step))
        assert exe.aux_dict["cu_count"].asnumpy() == [step]
    with pytest.raises(mx.MXNetError, match="out_grads"):
        exe.forward(is_train=True)
        exe.backward()


def _mlp(loss):
    data = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=4, name="fc1")
    data = mx.sym.FullyConnected(mx.sym.Activation(data, act_type="tanh"), num_hidden=3, name="fc2")
    return loss(data)


def _fit(net):
    random = np.random.RandomState(0)
    x, y = random.randn(24, 5).astype(np.float32), random.randint(0, 3, 24).astype(np.float32)
    start = {name: mx.nd.array(random.randn(*shape) * 0.5) for name, shape in
             (("fc1_weight", (4, 5)), ("fc1_bias", (4,)), ("fc2_weight", (3, 4)), ("fc2_bias", (3,)))}
    module = mx.mod.Module(net, label_names=("softmax_label",))
    module.fit(mx.io.NDArrayIter(x, y, 8, label_name="softmax_label"), num_epoch=3, optimizer="sgd",
               optimizer_params={"learning_rate": 0.5, "momentum": 0.9}, arg_params=start)
    return module.get_params()[0]


def test_module_fit():
    own = _fit(_mlp(lambda x: mx.sym.Custom(x, op_type="test_softmax", name="softmax")))
    builtin = _fit(_mlp(lambda x: mx.sym.SoftmaxOutput(x, name="softmax")))
    for name, value in own.items():
        np.testing.assert_allclose(value.asnumpy(), builtin[name].asnumpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(own["fc2_bias"].asnumpy(), FC2_BIAS, rtol=1e-4)



def test_loss_needs_no_head_gradient():
    net = mx.sym.Custom(mx.sym.Variable("data"), op_type="test_softmax", name="s")
    exe = net.simple_bind(mx.cpu(), data=(2, 3))
    exe.forward(is_train=True, s_label=np.array([0, 2]))
    exe.backward()
    third = 1 / 3
    np.testing.assert_allclose(exe.grad_dict["data"].asnumpy(),
                               [[third - 1, third, third], [third, third, third - 1]], rtol=1e-6)


def test_undeclared_dependencies_are_none():
    seen = []

    class Op(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            assert not mx.autograd.is_recording()
            seen.append(mx.autograd.is_training())
            self.assign(out_data[0], req[0], in_data[0] * 2)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            seen.append((req, out_grad, [x is None for x in in_data], [x is None for x in out_data]))
            self.assign(in_grad[0], req[0], out_data[0])

    @mx.operator.register("test_dependency")
    class Prop(mx.operator.CustomOpProp):
        def list_arguments(self):
            return ["data", "other"]

        def declare_backward_dependency(self, out_grad, in_data, out_data):
            return [in_data[1], out_data[0]]

        def create_operator(self, ctx, shapes, dtypes):
            return Op()

    x = mx.nd.array([1, 2])
    x.attach_grad()
    with mx.autograd.record(train_mode=False):
        y = mx.nd.Custom(x, mx.nd.ones((2,)), op_type="test_dependency")
    y.backward()
    assert seen == [False, (["write", "null"], [None], [True, False], [False])]
    assert x.grad.asnumpy().tolist() == [2, 4]


def test_autograd_inside_of_user_code():
    class Op(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0] ** 3)

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            x = in_data[0].copy()
            x.attach_grad()
            with mx.autograd.record():
                y = x ** 3
            y.backward(out_grad[0])
            self.assign(in_grad[0], req[0], x.grad)

    @mx.operator.register("test_inner_tape")
    class Prop(mx.operator.CustomOpProp):
        def create_operator(self, ctx, shapes, dtypes):
            return Op()

    x = mx.nd.array([1, 2])
    x.attach_grad()
    with mx.autograd.record():
        y = mx.nd.Custom(x, op_type="test_inner_tape") * 2
    y.backward()
    assert x.grad.asnumpy().tolist() == [6, 24]


@pytest.mark.parametrize("where, kind", [("forward", ValueError), ("shape", ValueError), ("type", TypeError),
                                         ("backward", ZeroDivisionError), ("other", ValueError)])
def test_user_errors_keep_their_traceback(where, kind):
    def eager():
        x = mx.nd.ones((2,))
        x.attach_grad()
        with mx.autograd.record():
            y = mx.nd.Custom(x, op_type="test_failing", where=where)
        y.backward()

    def symbolic():
        net = mx.sym.Custom(mx.sym.Variable("data"), op_type="test_failing", where=where)
        exe = net.simple_bind(mx.cpu(), data=(2,))
        exe.forward(is_train=True)
        exe.backward(mx.nd.ones((2,)))

    for run in (eager, symbolic):
        with pytest.raises(kind, match="mine") as caught:
            run()
        assert isinstance(caught.value, mx.MXNetError)          # as in MXNet, and the class of their own, too
        assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == __file__


def test_errors():
    x = mx.nd.ones((2, 2))
    with pytest.raises(mx.MXNetError, match=r"no custom operator is registered as 'test_affin'.*test_affine"):
        mx.nd.Custom(x, op_type="test_affin")
    with pytest.raises(mx.MXNetError, match="takes 3 arrays .data, bias, count., 1 are given"):
        mx.nd.Custom(x, op_type="test_affine")
    with pytest.raises(mx.MXNetError, match="op_type"):
        mx.nd.Custom(x)
    with pytest.raises(TypeError, match="zzz"):
        mx.nd.Custom(x, op_type="test_softmax", zzz=1)
    with pytest.raises(mx.MXNetError, match="no input 'x'"):
        mx.sym.Custom(x=mx.sym.Variable("d"), op_type="test_affine")
    with pytest.raises(mx.MXNetError, match="by position"):
        mx.nd.Custom(x, bias=x, op_type="test_affine")
    with pytest.raises(mx.MXNetError, match="gives 2 outputs, there are 1"):
        mx.nd.Custom(x, op_type="test_failing", where="count")
    with pytest.raises(TypeError, match="subclass of CustomOpProp"):
        mx.operator.register("x")(int)


@pytest.mark.parametrize("req, expected", [("null", [1, 1]), ("write", [5, 6]), ("inplace", [5, 6]), ("add", [6, 7])])
def test_assign(req, expected):
    dst = mx.nd.ones((2,))
    mx.operator.CustomOp().assign(dst, req, mx.nd.array([5, 6]))
    assert dst.asnumpy().tolist() == expected


def test_default_prop():
    prop = mx.operator.CustomOpProp()
    assert prop.infer_shape([(2,)])[1] == [(2,)]
    assert prop.declare_backward_dependency([1], [2], [3]) == [1, 2, 3]
    assert mx.operator.CustomOpProp(False).declare_backward_dependency([1], [2], [3]) == [2, 3]
    assert prop.infer_storage_type(["default"]) == (["default"], ["default"], [])


def _legacy(base):
    class Legacy(base):
        def __init__(self):
            super().__init__(False)

        def list_arguments(self):
            return ["data", "label"]

        def infer_shape(self, in_shape):
            return [in_shape[0], (in_shape[0][0],)], [in_shape[0]]

        def forward(self, in_data, out_data):
            out_data[0][:] = in_data[0] * 2

        def backward(self, out_grad, in_data, out_data, in_grad):
            in_grad[0][:] = out_data[0] + in_data[1].reshape((-1, 1))
    return Legacy


@pytest.mark.parametrize("base", [mx.operator.NumpyOp, mx.operator.NDArrayOp])
def test_legacy_operators(base):
    with pytest.warns(DeprecationWarning, match="CustomOp"):
        operator = _legacy(base)()
    net = operator(mx.sym.Variable("data"), name="np")
    assert net.list_arguments() == ["data", "np_label"]
    exe = net.simple_bind(mx.cpu(), data=(2, 3))
    out, = exe.forward(is_train=True, data=np.ones((2, 3)), np_label=np.array([1, 2]))
    assert out.asnumpy().tolist() == [[2] * 3] * 2
    exe.backward()
    assert exe.grad_dict["data"].asnumpy().tolist() == [[3] * 3, [4] * 3]
    with pytest.raises(mx.MXNetError, match="takes symbols"):
        operator(mx.sym.Variable("data"), scale=3)


def test_registered_operators():
    names = mx.operator.get_all_registered_operators()
    assert "FullyConnected" in names and "Custom" in names and names == sorted(names)
    found = mx.operator.get_operator_arguments("FullyConnected")
    assert found.names == ["data", "weight", "bias", "num_hidden", "no_bias", "flatten"]
    assert found.types == ["NDArray-or-Symbol"] * 3 + ["int, required", "boolean, optional, default=0",
                                                       "boolean, optional, default=1"]
