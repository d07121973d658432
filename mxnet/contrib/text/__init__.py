# SPDX-License-Identifier: Apache-2.0
"""`mx.contrib.text`: vocabularies of tokens, and vectors for them read from files."""
from . import embedding, utils, vocab

__all__ = ["embedding", "utils", "vocab"]
