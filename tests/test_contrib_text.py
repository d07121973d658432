# SPDX-License-Identifier: Apache-2.0
"""Vocabularies and vectors of tokens; what is compared with is what MXNet gives."""
from __future__ import annotations

import collections
import hashlib
import zipfile

import numpy as np
import pytest

import mxnet as mx
from mxnet.contrib import text
from mxnet.contrib.text import embedding

COUNTER = collections.Counter(["a", "b", "b", "c", "c", "c", "some_word$"])
FILES = {"plain": "a 0.1 0.2 0.3\nb 1 2 3\nc -1e-3 5 6\n", "unknown": "a 0.1 0.2\n<unk> 9 8\nb 1 2\n",
         "comma": "a,0.1,0.2\nb,1,2\n", "spaces at ends": "a 0.1 0.2 \nb 1 2"}


@pytest.fixture
def written(tmp_path):
    def write(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_text(content)
        return str(path)
    return write


@pytest.mark.parametrize(("source", "given", "expected"), [
    (" Life is great ! \n life is good . \n", {}, {"Life": 1, "is": 2, "great": 1, "!": 1, "life": 1, "good": 1,
                                                    ".": 1}),
    (" Life is great ! \n life is good . \n", {"to_lower": True}, {"is": 2, "life": 2, "great": 1, "!": 1, "good": 1,
                                                                    ".": 1}),
    ("*Life*is*\n*life*", {"token_delim": r"\*", "to_lower": True}, {"is": 1, "life": 2}),
    ("a;b|b", {"token_delim": ";", "seq_delim": r"\|"}, {"a": 1, "b": 2})])
def test_counting_tokens(source, given, expected):
    assert text.utils.count_tokens_from_str(source, **given) == expected


def test_counting_on():
    counter = collections.Counter({"life": 2})
    assert text.utils.count_tokens_from_str("life is", counter_to_update=counter) is counter
    assert counter == {"life": 3, "is": 1}


@pytest.mark.parametrize(("given", "expected"), [
    ({}, ["<unk>", "c", "b", "a", "some_word$"]),
    ({"min_freq": 2}, ["<unk>", "c", "b"]),
    ({"min_freq": 100}, ["<unk>"]),
    ({"most_freq_count": 2}, ["<unk>", "c", "b"]),
    ({"most_freq_count": 0}, ["<unk>"]),
    ({"reserved_tokens": ["b"]}, ["<unk>", "b", "c", "a", "some_word$"]),
    ({"reserved_tokens": ["b", "<pad>"], "most_freq_count": 2}, ["<unk>", "b", "<pad>", "c", "a"]),
    ({"unknown_token": "b"}, ["b", "c", "a", "some_word$"]),
    ({"unknown_token": ("x",)}, [("x",), "c", "b", "a", "some_word$"]),
    ({"unknown_token": "c", "reserved_tokens": ["b"], "most_freq_count": 1}, ["c", "b", "a"])])
def test_order_of_a_vocabulary(given, expected):
    words = text.vocab.Vocabulary(COUNTER, **given)
    assert words.idx_to_token == expected and len(words) == len(expected)
    assert words.token_to_idx == {token: index for index, token in enumerate(expected)}
    assert words.reserved_tokens == given.get("reserved_tokens") and words.unknown_token == expected[0]


@pytest.mark.parametrize(("given", "match"), [
    ({"min_freq": 0}, "min_freq"), ({"reserved_tokens": ["b", "b"]}, "twice"), ({"reserved_tokens": ["<unk>"]},
                                                                                 "unknown token"),
    ({"counter": {"a": 1}}, "Counter")])
def test_vocabularies_that_cannot_be(given, match):
    with pytest.raises(AssertionError, match=match):
        text.vocab.Vocabulary(**{"counter": COUNTER, **given})


def test_looking_up():
    words = text.vocab.Vocabulary(COUNTER, reserved_tokens=["<pad>"])
    assert (words.to_indices("c"), words.to_indices(["c", "zz"]), words.to_indices([])) == (2, [2, 0], [])
    assert (words.to_tokens(0), words.to_tokens([0, 2]), words.to_tokens(np.int64(1))) == ("<unk>", ["<unk>", "c"],
                                                                                          "<pad>")
    for wrong in (100, [100], 1.0, "a"):
        with pytest.raises(ValueError, match="token indices"):
            words.to_tokens(wrong)


@pytest.mark.parametrize(("name", "given", "tokens", "vectors"), [
    ("plain", {}, ["<unk>", "a", "b", "c"], [[0, 0, 0], [0.1, 0.2, 0.3], [1, 2, 3], [-1e-3, 5, 6]]),
    ("plain", {"init_unknown_vec": mx.nd.ones}, ["<unk>", "a", "b", "c"], [[1, 1, 1], [0.1, 0.2, 0.3], [1, 2, 3],
                                                                           [-1e-3, 5, 6]]),
    ("plain", {"unknown_token": "b"}, ["b", "a", "c"], [[1, 2, 3], [0.1, 0.2, 0.3], [-1e-3, 5, 6]]),
    ("plain", {"reserved_tokens": ["<pad>", "b"]}, ["<unk>", "<pad>", "b", "a", "c"],
     [[0, 0, 0], [0, 0, 0], [1, 2, 3], [0.1, 0.2, 0.3], [-1e-3, 5, 6]]),
    ("unknown", {"init_unknown_vec": mx.nd.ones}, ["<unk>", "a", "b"], [[9, 8], [0.1, 0.2], [1, 2]]),
    ("comma", {"elem_delim": ","}, ["<unk>", "a", "b"], [[0, 0], [0.1, 0.2], [1, 2]]),
    ("spaces at ends", {}, ["<unk>", "a", "b"], [[0, 0], [0.1, 0.2], [1, 2]])])
def test_files_of_vectors(name, given, tokens, vectors, written):
    found = embedding.CustomEmbedding(written(FILES[name]), **given)
    assert found.idx_to_token == tokens and found.vec_len == len(vectors[0])
    assert found.token_to_idx == {token: index for index, token in enumerate(tokens)}
    assert found.idx_to_vec.dtype == np.float32
    np.testing.assert_array_equal(found.idx_to_vec.asnumpy(), np.array(vectors, np.float32))


def test_many_lines(written, monkeypatch):
    monkeypatch.setattr(embedding, "_BLOCK", 7)
    values = np.random.RandomState(0).normal(size=(30, 4)).astype(np.float32)
    lines = [f"t{i} " + " ".join(repr(float(value)) for value in row) for i, row in enumerate(values)]
    found = embedding.CustomEmbedding(written("\n".join(lines)))
    np.testing.assert_array_equal(found.idx_to_vec.asnumpy()[1:], values)


def test_lines_that_are_skipped(written):
    with pytest.warns(UserWarning, match="line 1 .* header"):
        assert embedding.CustomEmbedding(written("400 2\na 0.1 0.2\n")).idx_to_token == ["<unk>", "a"]
    with pytest.warns(UserWarning, match="line 2 .* a was there before"):
        found = embedding.CustomEmbedding(written("a 0.1 0.2\na 1 2\n"))
    np.testing.assert_allclose(found.get_vecs_by_tokens("a").asnumpy(), [0.1, 0.2], rtol=1e-6)


@pytest.mark.parametrize(("content", "error", "match"), [
    ("a 0.1 0.2\nb\n", AssertionError, "line 2 .* no token with a vector"),
    ("a 0.1 0.2\nb 1 2 3\n", AssertionError, "line 2 .*3 numbers, those before have 2"),
    ("b 1 2\na 0.1 x\n", ValueError, "line 2 .*'x'"), ("", AssertionError, "no vectors")])
def test_files_that_are_wrong(content, error, match, written):
    with pytest.raises(error, match=match) as caught:
        embedding.CustomEmbedding(written(content))
    assert isinstance(caught.value, mx.MXNetError)


def test_a_file_that_is_not_there():
    with pytest.raises(ValueError, match="there is no file"):
        embedding.CustomEmbedding("/does/not/exist")


def test_vocabularies_choose_vectors(written):
    words = text.vocab.Vocabulary(COUNTER, reserved_tokens=["<pad>"])
    found = embedding.CustomEmbedding(written(FILES["plain"]), vocabulary=words, init_unknown_vec=mx.nd.ones)
    assert found.idx_to_token == words.idx_to_token and found.reserved_tokens == ["<pad>"]
    np.testing.assert_allclose(found.idx_to_vec.asnumpy(), [[1, 1, 1], [1, 1, 1], [-1e-3, 5, 6], [1, 2, 3],
                                                            [0.1, 0.2, 0.3], [1, 1, 1]], rtol=1e-6)
    only_unknown = embedding.CustomEmbedding(written(FILES["plain"]), vocabulary=text.vocab.Vocabulary())
    assert only_unknown.idx_to_vec.asnumpy().tolist() == [[0, 0, 0]]
    with pytest.raises(AssertionError, match="Vocabulary, not int"):
        embedding.CustomEmbedding(written(FILES["plain"]), vocabulary=5)


def test_vectors_by_token(written):
    found = embedding.CustomEmbedding(written(FILES["plain"]))
    assert found.get_vecs_by_tokens("b").asnumpy().tolist() == [1, 2, 3]
    assert found.get_vecs_by_tokens(["b", "zz"]).asnumpy().tolist() == [[1, 2, 3], [0, 0, 0]]
    assert found.get_vecs_by_tokens("B").asnumpy().tolist() == [0, 0, 0]
    assert found.get_vecs_by_tokens(["B", "q"], lower_case_backup=True).asnumpy().tolist() == [[1, 2, 3], [0, 0, 0]]


def test_changing_vectors(written):
    found = embedding.CustomEmbedding(written(FILES["plain"]))
    found.update_token_vectors("a", mx.nd.array([7, 7, 7]))
    found.update_token_vectors(["b", "<unk>"], mx.nd.array([[1, 1, 1], [2, 2, 2]]))
    assert found.idx_to_vec.asnumpy()[:3].tolist() == [[2, 2, 2], [7, 7, 7], [1, 1, 1]]
    for tokens, vectors, match in [("a", mx.nd.ones(2), r"\(1, 3\)"), ("a", [1, 1, 1], "NDArray"),
                                   (["a", "b"], mx.nd.ones(3), r"\(2, 3\)")]:
        with pytest.raises(AssertionError, match=match):
            found.update_token_vectors(tokens, vectors)
    with pytest.raises(ValueError, match="'zz' is unknown"):
        found.update_token_vectors(["a", "zz"], mx.nd.ones((2, 3)))


def test_embeddings_side_by_side(written):
    words = text.vocab.Vocabulary(COUNTER)
    one = embedding.CustomEmbedding(written(FILES["plain"]))
    other = embedding.CustomEmbedding(written(FILES["unknown"], "other.txt"))
    both = embedding.CompositeEmbedding(words, [one, other])
    assert both.vec_len == 5 and both.idx_to_token == words.idx_to_token
    np.testing.assert_allclose(both.idx_to_vec.asnumpy(),
                               [[0, 0, 0, 9, 8], [-1e-3, 5, 6, 9, 8], [1, 2, 3, 1, 2], [0.1, 0.2, 0.3, 0.1, 0.2],
                                [0, 0, 0, 9, 8]], rtol=1e-6)
    assert embedding.CompositeEmbedding(words, one).vec_len == 3
    for wrong in ((3, one), (words, [3])):
        with pytest.raises(AssertionError):
            embedding.CompositeEmbedding(*wrong)


def test_names_of_files():
    names = embedding.get_pretrained_file_names()
    assert {"glove", "fasttext"} <= set(names) and (len(names["glove"]), len(names["fasttext"])) == (10, 327)
    assert embedding.get_pretrained_file_names("glove")[0] == "glove.42B.300d.txt"
    with pytest.raises(KeyError, match='Did you mean "?.?glove'):
        embedding.get_pretrained_file_names("glov")
    with pytest.raises(KeyError, match="no pretrained file"):
        embedding.create("glove", pretrained_file_name="glove.6B.51d.txt")


@pytest.mark.parametrize(("kind", "file", "archive"), [
    ("glove", "glove.6B.50d.txt", "glove.6B.zip"), ("glove", "glove.42B.300d.txt", "glove.42B.300d.zip"),
    ("glove", "glove.twitter.27B.25d.txt", "glove.twitter.27B.zip"), ("fasttext", "wiki.simple.vec",
                                                                     "wiki.simple.zip")])
def test_published_files_that_are_there(kind, file, archive, tmp_path, monkeypatch):
    content = FILES["plain"].encode()
    monkeypatch.setitem(embedding.GloVe.pretrained_file_name_sha1, file, hashlib.sha1(content).hexdigest())
    monkeypatch.setattr(embedding.GloVe, "pretrained_archive_name_sha1", {})
    (tmp_path / kind).mkdir()
    with zipfile.ZipFile(tmp_path / kind / archive, "w") as packed:
        packed.writestr(file, content)
    for _ in range(2):                                  # from the archive, then from the file that came of it
        found = embedding.create(kind, pretrained_file_name=file, embedding_root=str(tmp_path))
        assert found.idx_to_token == ["<unk>", "a", "b", "c"]
        (tmp_path / kind / archive).unlink(missing_ok=True)


def test_an_archive_that_is_damaged(tmp_path):
    (tmp_path / "glove").mkdir()
    (tmp_path / "glove" / "glove.6B.zip").write_bytes(b"PK")
    with pytest.raises(mx.MXNetError, match="glove.6B.zip is damaged"):
        embedding.create("glove", pretrained_file_name="glove.6B.50d.txt", embedding_root=str(tmp_path))


def test_published_files_without_a_network(tmp_path, monkeypatch):
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9/")
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    with pytest.raises(mx.MXNetError, match="put the file at .*embeddings.fasttext.wiki.simple.zip"):
        embedding.create("fasttext")


def test_an_embedding_of_ones_own(written):
    path = written(FILES["plain"])

    @embedding.register
    class Mine(embedding._TokenEmbedding):
        """Reads one file."""

        pretrained_file_name_sha1 = {"mine.txt": None}

        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self._load_embedding(path, " ", mx.nd.zeros)
    assert embedding.create("mine").vec_len == 3
    assert embedding.get_pretrained_file_names("mine") == ["mine.txt"]
