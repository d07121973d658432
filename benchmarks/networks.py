# SPDX-License-Identifier: Apache-2.0
"""Networks that several benchmarks train, as code that makes `net` from `S` (`mx.sym`)."""

MLP = """
net = S.Variable('data')
for i in range(3):
    net = S.Activation(S.FullyConnected(net, num_hidden=128, name='fc%d' % i), act_type='relu')
net = S.SoftmaxOutput(S.FullyConnected(net, num_hidden=10, name='last'), name='softmax')
"""
LENET = """
net = S.Variable('data')
for i, n in enumerate((20, 50)):
    net = S.Activation(S.Convolution(net, kernel=(5, 5), num_filter=n, name='conv%d' % i), act_type='tanh')
    net = S.Pooling(net, pool_type='max', kernel=(2, 2), stride=(2, 2))
net = S.Activation(S.FullyConnected(net, num_hidden=500, name='fc1'), act_type='tanh')
net = S.SoftmaxOutput(S.FullyConnected(net, num_hidden=10, name='fc2'), name='softmax')
"""
