# SPDX-License-Identifier: Apache-2.0
"""Vectors for tokens: read from text files, joined, looked up and changed.

A file has a line for each token: the token and the numbers of its vector, with a delimiter between them. Vectors are
the rows of one float32 array in the order of the tokens' numbers; that is what an Embedding layer starts from.
"""
from __future__ import annotations

import hashlib
import logging
import os
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ... import ndarray as nd
from ... import registry
from ..._files import atomic_write
from ...base import (
    MXNetAssertionError,
    MXNetAssertionTypeError,
    MXNetError,
    MXNetKeyError,
    MXNetValueError,
    data_dir,
    nearest,
)
from ...ndarray import NDArray
from ...ndarray.generate import function
from ...test_utils.data import download
from ._pretrained import FAST_TEXT, FAST_TEXT_ARCHIVES, GLOVE, GLOVE_ARCHIVES
from .vocab import UNKNOWN, Vocabulary

__all__ = ["CompositeEmbedding", "CustomEmbedding", "FastText", "GloVe", "create", "get_pretrained_file_names",
           "register"]

_BLOCK = 4096             # lines whose numbers are converted together
_REPOSITORY = "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"


class _TokenEmbedding(Vocabulary):
    """What embeddings have in common; the base class of those that programs define.

    The vector of the unknown token, and of reserved tokens that a file does not have, is made by `init_unknown_vec`.
    """

    pretrained_file_name_sha1: dict[str, Any] = {}          # None for a file whose checksum is not known
    pretrained_archive_name_sha1: dict[str, Any] = {}
    _vec_len: int = 0
    _idx_to_vec: Any = None

    @property
    def vec_len(self) -> int:
        """The length of a vector."""
        return self._vec_len

    @property
    def idx_to_vec(self) -> NDArray:
        """The vectors, (tokens, vec_len) float32."""
        return self._idx_to_vec

    # ---- reading --------------------------------------------------------------------------------

    def _load_embedding(self, pretrained_file_path: str, elem_delim: str, init_unknown_vec: Callable[..., NDArray],
                        encoding: str = "utf8") -> None:
        """Take all tokens of a file, behind those that are there already."""
        path = os.path.expanduser(pretrained_file_path)
        if not os.path.isfile(path):
            raise MXNetValueError(f"pretrained_file_path: there is no file {path}")
        logging.info("Loading pre-trained token embedding vectors from %s", path)
        first = len(self)
        vectors, given = _read(path, elem_delim, encoding, self)
        self._vec_len = width = vectors.shape[1]
        rest = range(first, first + len(vectors))
        self._token_to_idx.update(zip(self._idx_to_token[first:], rest))
        self._idx_to_vec = nd.array(np.concatenate([np.zeros((first, width), np.float32), vectors]))
        for index in range(first):
            token = self._idx_to_token[index]
            self._idx_to_vec[index] = nd.array(given[token]) if token in given else init_unknown_vec(shape=width)

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        """The archive in which a file is published."""
        return pretrained_file_name

    @classmethod
    def _get_pretrained_file_url(cls, pretrained_file_name: str) -> str:
        return f"{os.environ.get('MXNET_GLUON_REPO', _REPOSITORY)}gluon/embeddings/{cls.__name__.lower()}/" \
               f"{cls._get_download_file_name(pretrained_file_name)}"

    @classmethod
    def _get_pretrained_file(cls, embedding_root: str, pretrained_file_name: str) -> str:
        """The path of a published file, which is unpacked and, if need be, downloaded first."""
        folder = os.path.join(os.path.expanduser(embedding_root), cls.__name__.lower())
        path = os.path.join(folder, pretrained_file_name)
        expected = cls.pretrained_file_name_sha1[pretrained_file_name]
        if os.path.exists(path) and (expected is None or _sha1(path) == expected):
            return path
        url = cls._get_pretrained_file_url(pretrained_file_name)
        archive = download(url, dirname=folder)
        expected = cls.pretrained_archive_name_sha1.get(os.path.basename(archive))
        if expected is not None and _sha1(archive) != expected:
            raise MXNetError(f"{archive} is damaged, or another file: its SHA-1 is not {expected}. Remove it")
        if archive.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed, packed.open(pretrained_file_name) as source, \
                    atomic_write(path) as file:
                for block in iter(lambda: source.read(1 << 20), b""):
                    file.write(block)
        return path

    @classmethod
    def _check_pretrained_file_names(cls, pretrained_file_name: str) -> None:
        names = cls.pretrained_file_name_sha1
        if pretrained_file_name not in names:
            raise MXNetKeyError(f"{cls.__name__} has no pretrained file {pretrained_file_name}."
                                f"{nearest(pretrained_file_name, names)} It has {', '.join(names)}")

    # ---- vocabularies ---------------------------------------------------------------------------

    def _build_embedding_for_vocabulary(self, vocabulary: Vocabulary | None) -> None:
        """Keep the vectors of a vocabulary's tokens only, in its order."""
        if vocabulary is not None:
            _require_vocabulary(vocabulary)
            self._set_idx_to_vec_by_embeddings([self], len(vocabulary), vocabulary.idx_to_token)
            self._index_tokens_from_vocabulary(vocabulary)

    def _index_tokens_from_vocabulary(self, vocabulary: Vocabulary) -> None:
        self._token_to_idx, self._idx_to_token = dict(vocabulary.token_to_idx), list(vocabulary.idx_to_token)
        self._unknown_token = vocabulary.unknown_token
        self._reserved_tokens = None if vocabulary.reserved_tokens is None else list(vocabulary.reserved_tokens)

    def _set_idx_to_vec_by_embeddings(self, token_embeddings: Sequence[_TokenEmbedding], vocab_len: int,
                                      vocab_idx_to_token: Sequence[Any]) -> None:
        """The vectors of all embeddings side by side, for each token; index 0 has those of the unknown tokens."""
        columns = [nd.array(embed.idx_to_vec[:1]) if vocab_len == 1 else
                   nd.concatenate([embed.idx_to_vec[:1], embed.get_vecs_by_tokens(list(vocab_idx_to_token[1:]))])
                   for embed in token_embeddings]
        self._vec_len = sum(embed.vec_len for embed in token_embeddings)
        self._idx_to_vec = nd.concatenate(columns, axis=1)

    # ---- use ------------------------------------------------------------------------------------

    def get_vecs_by_tokens(self, tokens: Any, lower_case_backup: bool = False) -> NDArray:
        """The vector of a token, shape (vec_len,), or of a list of tokens, (len(tokens), vec_len).

        With `lower_case_backup` a token that is not known is looked up in lower case. Unknown ones have the vector of
        the unknown token.
        """
        known = self._token_to_idx
        indices = [known.get(token, known.get(token.lower(), UNKNOWN) if lower_case_backup else UNKNOWN)
                   for token in (tokens if isinstance(tokens, list) else [tokens])]
        vectors = function("take")(self._idx_to_vec, nd.array(indices, dtype="int64"))
        return vectors if isinstance(tokens, list) else vectors[0]

    def update_token_vectors(self, tokens: Any, new_vectors: NDArray) -> None:
        """Give a token, or a list of tokens, other vectors: (len(tokens), vec_len), for one token also (vec_len,).

        Raises MXNetAssertionError for vectors of another shape, MXNetValueError for an unknown token; the unknown
        token itself can be named.
        """
        listed = tokens if isinstance(tokens, list) else [tokens]
        if not isinstance(new_vectors, NDArray):
            raise MXNetAssertionTypeError(f"new_vectors is an NDArray, not {type(new_vectors).__name__}")
        shape = (1, *new_vectors.shape) if len(listed) == 1 and new_vectors.ndim == 1 else new_vectors.shape
        if shape != (len(listed), self._vec_len):
            raise MXNetAssertionError(f"new_vectors of {len(listed)} tokens is {(len(listed), self._vec_len)}, "
                                      f"not {new_vectors.shape}")
        unknown = [token for token in listed if token not in self._token_to_idx]
        if unknown:
            raise MXNetValueError(f"token {unknown[0]!r} is unknown; the vector of all unknown tokens is that of "
                                  f"{self._idx_to_token[UNKNOWN]!r}")
        self._idx_to_vec[nd.array([self._token_to_idx[token] for token in listed])] = new_vectors.reshape(shape)


def _require_vocabulary(vocabulary: Any) -> None:
    if not isinstance(vocabulary, Vocabulary):
        raise MXNetAssertionTypeError("vocabulary is a mx.contrib.text.vocab.Vocabulary, not "
                                      f"{type(vocabulary).__name__}")


def _sha1(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest() if hasattr(hashlib, "file_digest") else \
            hashlib.sha1(file.read()).hexdigest()


def _read(path: str, delimiter: str, encoding: str, owner: _TokenEmbedding) -> tuple[np.ndarray, dict[Any, np.ndarray]]:
    """The vectors of a file's tokens, which are added to the owner's, and those of tokens that it has already."""
    before = set(owner._idx_to_token)
    found: set[str] = set()
    given: dict[Any, np.ndarray] = {}
    width = 0
    rows: list[tuple[int, str]] = []
    for number, token, text in _lines(path, delimiter, encoding):
        count = text.count(delimiter) + 1
        if token in found or token in given:
            warnings.warn(f"line {number} of {path}: token {token} was there before; its first vector is kept",
                          UserWarning, stacklevel=4)
            continue
        if count == 1:
            warnings.warn(f"line {number} of {path}: {token} with the one number {text} is probably a header, and "
                          "skipped", UserWarning, stacklevel=4)
            continue
        width = width or count
        if count != width:
            raise MXNetAssertionError(f"line {number} of {path}: token {token} has {count} numbers, those before "
                                      f"have {width}")
        if token in before:
            given[token] = _numbers([(number, text)], delimiter, path)[0]
            continue
        rows.append((number, text))
        found.add(token)
        owner._idx_to_token.append(token)
    if not width:
        raise MXNetAssertionError(f"{path} has no vectors")
    blocks = [_numbers(rows[at:at + _BLOCK], delimiter, path) for at in range(0, len(rows), _BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, width), np.float32), given


def _lines(path: str, delimiter: str, encoding: str) -> Iterator[tuple[int, str, str]]:
    """Number, token and the text of the vector for each line."""
    with open(path, encoding=encoding) as file:
        for number, line in enumerate(file, 1):
            token, there, text = line.rstrip().partition(delimiter)
            if not there:
                raise MXNetAssertionError(f"line {number} of {path} is no token with a vector, and {delimiter!r} "
                                          "between them")
            yield number, token, text


def _numbers(rows: Sequence[tuple[int, str]], delimiter: str, path: str) -> np.ndarray:
    """The numbers in the texts of equally many, (rows, numbers) float32."""
    try:
        values = np.array(delimiter.join(text for _, text in rows).split(delimiter), dtype=np.float64)
    except ValueError as error:
        if len(rows) > 1:
            return np.concatenate([_numbers([row], delimiter, path) for row in rows])
        raise MXNetValueError(f"line {rows[0][0]} of {path}: {error}") from None
    return values.astype(np.float32).reshape(len(rows), -1)


# ---- by name --------------------------------------------------------------------------------------------------

_register = registry.get_register_func(_TokenEmbedding, "token embedding")
_create = registry.get_create_func(_TokenEmbedding, "token embedding")


def register(embedding_cls: type) -> type:
    """Class decorator: make an embedding available to `create` under its lower-case name."""
    return _register(embedding_cls)


def create(embedding_name: str, **kwargs: Any) -> Any:
    """An embedding by name, such as `create("glove", pretrained_file_name="glove.6B.50d.txt")`."""
    return _create(embedding_name, **kwargs)


def get_pretrained_file_names(embedding_name: str | None = None) -> Any:
    """The files of an embedding, or a dict of them for all. Raises MXNetKeyError for an unknown name.

    >>> import mxnet as mx
    >>> mx.contrib.text.embedding.get_pretrained_file_names("glove")[1]
    'glove.6B.50d.txt'
    """
    known = registry.get_registry(_TokenEmbedding)
    if embedding_name is None:
        return {name: list(kind.pretrained_file_name_sha1) for name, kind in known.items()}  # type: ignore[attr-defined]
    if embedding_name not in known:
        raise MXNetKeyError(f"there is no embedding {embedding_name}.{nearest(embedding_name, known)} Known are "
                            f"{', '.join(known)}")
    return list(known[embedding_name].pretrained_file_name_sha1)                             # type: ignore[attr-defined]


class _Published(_TokenEmbedding):
    """An embedding whose files were published: looked for below `embedding_root`, else downloaded.

    Parameters
    ----------
    pretrained_file_name : one of `get_pretrained_file_names`
    embedding_root : folder of such files; default `embeddings` below `MXNET_HOME`
    init_unknown_vec : function of a shape that makes the vector of the unknown token; default zeros
    vocabulary : the tokens to keep; default those of the file
    kwargs : of `Vocabulary`

    Raises MXNetKeyError for another file, and MXNetError where it is not there and cannot be downloaded.
    """

    def __init__(self, pretrained_file_name: str, embedding_root: str | None = None,
                 init_unknown_vec: Callable[..., NDArray] = nd.zeros, vocabulary: Vocabulary | None = None,
                 **kwargs: Any) -> None:
        self._check_pretrained_file_names(pretrained_file_name)
        super().__init__(**kwargs)
        root = os.path.join(data_dir(), "embeddings") if embedding_root is None else embedding_root
        self._load_embedding(self._get_pretrained_file(root, pretrained_file_name), " ", init_unknown_vec)
        self._build_embedding_for_vocabulary(vocabulary)


@register
class GloVe(_Published):
    """Vectors of GloVe (Pennington, Socher and Manning, 2014). See `_Published` for the parameters."""

    pretrained_file_name_sha1, pretrained_archive_name_sha1 = GLOVE, GLOVE_ARCHIVES

    def __init__(self, pretrained_file_name: str = "glove.840B.300d.txt", embedding_root: str | None = None,
                 init_unknown_vec: Callable[..., NDArray] = nd.zeros, vocabulary: Vocabulary | None = None,
                 **kwargs: Any) -> None:
        super().__init__(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs)

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        stem = pretrained_file_name.removesuffix(".txt")
        return f"{stem}.zip" if stem in ("glove.42B.300d", "glove.840B.300d") else f"{stem.rpartition('.')[0]}.zip"


@register
class FastText(_Published):
    """Vectors of fastText (Bojanowski et al., 2017). See `_Published` for the parameters."""

    pretrained_file_name_sha1, pretrained_archive_name_sha1 = FAST_TEXT, FAST_TEXT_ARCHIVES

    def __init__(self, pretrained_file_name: str = "wiki.simple.vec", embedding_root: str | None = None,
                 init_unknown_vec: Callable[..., NDArray] = nd.zeros, vocabulary: Vocabulary | None = None,
                 **kwargs: Any) -> None:
        super().__init__(pretrained_file_name, embedding_root, init_unknown_vec, vocabulary, **kwargs)

    @classmethod
    def _get_download_file_name(cls, pretrained_file_name: str) -> str:
        return f"{pretrained_file_name.removesuffix('.vec')}.zip"


class CustomEmbedding(_TokenEmbedding):
    """Vectors from a file of one's own.

    Parameters
    ----------
    pretrained_file_path : the file
    elem_delim : stands between the token and the numbers of a line; default a space
    encoding : of the file; default `"utf8"`
    init_unknown_vec : function of a shape that makes the vector of the unknown token, unless the file has it; default
        zeros
    vocabulary : the tokens to keep; default those of the file
    kwargs : of `Vocabulary`

    A token that comes twice, and a line with one number as files' headers are, is skipped with a UserWarning. Raises
    MXNetValueError where there is no file or no number, MXNetAssertionError for lines that do not fit.
    """

    def __init__(self, pretrained_file_path: str, elem_delim: str = " ", encoding: str = "utf8",
                 init_unknown_vec: Callable[..., NDArray] = nd.zeros, vocabulary: Vocabulary | None = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._load_embedding(pretrained_file_path, elem_delim, init_unknown_vec, encoding)
        self._build_embedding_for_vocabulary(vocabulary)


class CompositeEmbedding(_TokenEmbedding):
    """The vectors of several embeddings side by side, for the tokens of a vocabulary.

    `token_embeddings` is an embedding or a list of them.
    """

    def __init__(self, vocabulary: Vocabulary, token_embeddings: Any) -> None:
        _require_vocabulary(vocabulary)
        listed = token_embeddings if isinstance(token_embeddings, list) else [token_embeddings]
        for embed in listed:
            if not isinstance(embed, _TokenEmbedding):
                raise MXNetAssertionTypeError(f"token_embeddings are embeddings, not {type(embed).__name__}")
        self._index_tokens_from_vocabulary(vocabulary)
        self._set_idx_to_vec_by_embeddings(listed, len(self), self.idx_to_token)
