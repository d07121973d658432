# SPDX-License-Identifier: Apache-2.0
"""Advantage actor-critic (Sutton and Barto, 2018, chapter 13) with executors by hand: `simple_bind`, `reshape` for
batches of another size, `backward` with head gradients, and an updater.

The game is Catch: a ball falls down a board of 10 rows and 5 columns, a paddle on the lowest row goes left, stays or
goes right. The reward comes when the ball is down: 1 if the paddle is under it, -1 otherwise.

    python examples/actor_critic.py
"""
from __future__ import annotations

import logging
import sys

import numpy as np

import mxnet as mx

SEED, GAMES, ROUNDS = 42, 64, 150
ROWS, COLUMNS, ACTIONS = 10, 5, 3
DISCOUNT, ENTROPY = 0.97, 0.02
REQUIRED = 0.85         # mean reward of the trained player (chance: about -0.6)


class Catch:
    """GAMES boards at once. All games of a round end at the same step."""

    def __init__(self) -> None:
        self.ball = np.random.randint(0, COLUMNS, GAMES)
        self.paddle = np.full(GAMES, COLUMNS // 2)
        self.row = 0

    def board(self) -> np.ndarray:
        board = np.zeros((GAMES, ROWS, COLUMNS), np.float32)
        games = np.arange(GAMES)
        board[games, self.row, self.ball] = 1
        board[games, -1, self.paddle] = 1
        return board.reshape(GAMES, -1)

    def step(self, action: np.ndarray) -> np.ndarray:
        """Move the paddles by action - 1; the rewards (GAMES,)."""
        self.paddle = np.clip(self.paddle + action - 1, 0, COLUMNS - 1)
        self.row += 1
        return np.where(self.ball == self.paddle, 1.0, -1.0) if self.over else np.zeros(GAMES)

    @property
    def over(self) -> bool:
        return self.row == ROWS - 1


class Agent:
    """One network with two heads: logarithms of the actions' probabilities, and the value of the board."""

    def __init__(self) -> None:
        net = mx.sym.FullyConnected(mx.sym.Variable("data"), num_hidden=64, name="fc1")
        net = mx.sym.Activation(net, act_type="relu", name="relu1")
        policy = mx.sym.log_softmax(mx.sym.FullyConnected(net, num_hidden=ACTIONS, name="policy"))
        value = mx.sym.FullyConnected(net, num_hidden=1, name="value")
        heads = mx.sym.Group([policy, value])
        self.parameters = [name for name in heads.list_arguments() if name != "data"]
        self.learner = heads.simple_bind(mx.cpu(), data=((ROWS - 1) * GAMES, ROWS * COLUMNS),
                                         grad_req={"data": "null", **dict.fromkeys(self.parameters, "write")})
        self.player = self.learner.reshape(data=(GAMES, ROWS * COLUMNS), partial_shaping=True)   # same parameters
        initializer = mx.init.Xavier()
        for name in self.parameters:
            initializer(mx.init.InitDesc(name), self.learner.arg_dict[name])
        self.updater = mx.optimizer.get_updater(mx.optimizer.create("adam", learning_rate=0.01))

    def act(self, board: np.ndarray) -> np.ndarray:
        log_policy = self.player.forward(is_train=False, data=board)[0].asnumpy()
        # The largest of the logarithms plus Gumbel noise is a draw from the distribution.
        return (log_policy + np.random.gumbel(size=log_policy.shape)).argmax(axis=1)

    def learn(self, boards: np.ndarray, actions: np.ndarray, returns: np.ndarray) -> None:
        """One step down the mean of -advantage log p(action) - ENTROPY entropy + (value - return)^2 / 2."""
        log_policy, value = (output.asnumpy() for output in self.learner.forward(is_train=True, data=boards))
        advantage = returns - value[:, 0]
        head = ENTROPY * np.exp(log_policy) * log_policy
        head[np.arange(len(actions)), actions] -= advantage
        count = len(actions)
        self.learner.backward([mx.nd.array(head / count), mx.nd.array(-advantage[:, None] / count)])
        for index, name in enumerate(self.parameters):
            self.updater(index, self.learner.grad_dict[name], self.learner.arg_dict[name])


def play(agent: Agent) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A round of games: boards, actions, discounted returns (a row for each step of each game), and mean reward."""
    game, boards, actions, rewards = Catch(), [], [], []
    while not game.over:
        boards.append(game.board())
        actions.append(agent.act(boards[-1]))
        rewards.append(game.step(actions[-1]))
    returns = rewards[-1] * DISCOUNT ** np.arange(len(rewards))[::-1, None]              # only the last step pays
    return np.concatenate(boards), np.concatenate(actions), returns.ravel(), float(rewards[-1].mean())


def main() -> float:
    """Train, and return the mean reward of the last ten rounds."""
    mx.random.seed(SEED)
    np.random.seed(SEED)
    agent, history = Agent(), []
    for round_number in range(1, ROUNDS + 1):
        *experience, reward = play(agent)
        agent.learn(*experience)
        history.append(reward)
        if round_number % 25 == 0:
            logging.info("round %d: mean reward %.3f", round_number, reward)
    result = float(np.mean(history[-10:]))
    print(f"mean reward of the last ten rounds: {result:.4f} (first ten: {np.mean(history[:10]):.4f})")
    return result


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(int(main() < REQUIRED))
