# SPDX-License-Identifier: Apache-2.0
"""Operators on images beyond recorded samples: chance, files, and where MXNet leaves pixels unwritten."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import mxnet as mx

IMAGE = np.random.RandomState(3).randint(0, 256, (6, 8, 3)).astype("uint8")
internal = mx.nd._internal


@pytest.fixture(autouse=True)
def seeded() -> None:
    mx.random.seed(5)


def image(dtype: str = "uint8") -> Any:
    return mx.nd.array(IMAGE, dtype=dtype)


# ---- chance -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_factors_are_uniform_between_their_bounds(name: str) -> None:
    change, x = getattr(mx.nd.image, f"random_{name}"), image("float32")
    fixed = [change(x, min_factor=f, max_factor=f).asnumpy() for f in (0.5, 1.5)]
    place = np.unravel_index(np.abs(fixed[1] - fixed[0]).argmax(), IMAGE.shape)
    drawn = [change(x, min_factor=0.5, max_factor=1.5).asnumpy()[place] for _ in range(200)]
    shares = (np.array(drawn) - fixed[0][place]) / (fixed[1][place] - fixed[0][place])
    assert shares.min() > -1e-4 and shares.max() < 1 + 1e-4
    assert abs(shares.mean() - 0.5) < 0.1 and shares.std() > 0.2


@pytest.mark.parametrize(("name", "axis"), [("left_right", 1), ("top_bottom", 0)])
def test_every_other_image_is_flipped(name: str, axis: int) -> None:
    flip = getattr(mx.nd.image, f"random_flip_{name}")
    seen = [flip(image()).asnumpy() for _ in range(200)]
    flipped = [np.array_equal(x, np.flip(IMAGE, axis)) for x in seen]
    assert all(done or np.array_equal(x, IMAGE) for done, x in zip(flipped, seen))
    assert 70 < sum(flipped) < 130


def test_jitter_changes_only_what_is_asked_for() -> None:
    def jitter(**given: float) -> np.ndarray:
        return mx.nd.image.random_color_jitter(image("float32"), **{
            "brightness": 0, "contrast": 0, "saturation": 0, "hue": 0, **given}).asnumpy()
    assert np.array_equal(jitter(), IMAGE)
    ratio = jitter(brightness=0.4)[IMAGE > 0] / IMAGE[IMAGE > 0]
    assert np.ptp(ratio) < 1e-5 and 0.6 <= ratio[0] < 1.4 and abs(ratio[0] - 1) > 1e-3
    brightest = jitter(hue=0.3).max(-1)
    np.testing.assert_allclose(brightest, IMAGE.max(-1), rtol=1e-4)            # a turn of hue keeps the maximum
    assert len({jitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.2).tobytes() for _ in range(4)}) == 4


def test_random_lighting_has_the_spread_that_is_asked_for() -> None:
    x = mx.nd.full((1, 1, 3), 100.0)
    shifts = np.array([mx.nd.image.random_lighting(x, alpha_std=0.1).asnumpy()[0, 0] - 100 for _ in range(400)])
    axes = np.array([[55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009]])
    assert abs(shifts.mean(0)).max() < 1
    assert abs(shifts[:, 0].std() / (0.1 * np.linalg.norm(axes)) - 1) < 0.15


def test_a_seed_repeats_an_augmentation() -> None:
    def augment() -> np.ndarray:
        mx.random.seed(9)
        x = mx.nd.image.random_color_jitter(image(), brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1)
        return mx.nd.image.random_lighting(mx.nd.image.random_flip_left_right(x)).asnumpy()
    assert np.array_equal(augment(), augment())


def test_a_symbol_augments() -> None:
    symbol = mx.sym.image.to_tensor(mx.sym.image.random_brightness(mx.sym.var("x"), min_factor=2.0, max_factor=2.0))
    executor = symbol.bind(mx.cpu(), {"x": image("float32")})
    np.testing.assert_allclose(executor.forward()[0].asnumpy(), IMAGE.transpose(2, 0, 1) * (2 / 255), rtol=1e-6)


# ---- where MXNet leaves pixels unwritten ------------------------------------------------------------------------

@pytest.mark.parametrize("shape", [(3, 5, 3), (5, 1, 1), (1, 7, 3)])
def test_odd_sizes_are_flipped_completely(shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    assert np.array_equal(mx.nd.image.flip_left_right(mx.nd.array(x)).asnumpy(), x[:, ::-1])
    assert np.array_equal(mx.nd.image.flip_top_bottom(mx.nd.array(x)).asnumpy(), x[::-1])


@pytest.mark.parametrize("run", [
    lambda x: mx.nd.image.random_hue(x, min_factor=0.3, max_factor=0.3),
    lambda x: mx.nd.image.adjust_lighting(x, alpha=(0.1, 0.2, 0.3)),
    lambda x: mx.nd.image.random_saturation(x, min_factor=0.3, max_factor=0.3),
])
def test_gray_images_have_no_color_to_change(run: Any) -> None:
    gray = image()[:, :, :1]
    assert np.array_equal(run(gray).asnumpy(), gray.asnumpy())


def test_colors_come_in_threes() -> None:
    with pytest.raises(mx.MXNetError, match="3 channels"):
        mx.nd.image.random_brightness(mx.nd.zeros((2, 2, 4)), min_factor=1, max_factor=1)


# ---- sizes ------------------------------------------------------------------------------------------------------

def test_a_batch_is_resized_image_by_image() -> None:
    batch = mx.nd.stack(image(), 255 - image())
    whole = mx.nd.image.resize(batch, size=(5, 9)).asnumpy()
    for one, x in zip(whole, (image(), 255 - image())):
        assert np.array_equal(one, mx.nd.image.resize(x, size=(5, 9)).asnumpy())


def test_shapes_of_a_symbol() -> None:
    x = mx.sym.var("x")
    shapes = [(mx.sym.image.resize(x, size=6, keep_ratio=True), (6, 9, 3)),
              (mx.sym.image.resize(x, size=(4, 2)), (2, 4, 3)),
              (mx.sym.image.crop(x, x=1, y=2, width=3, height=4), (4, 3, 3)), (mx.sym.image.to_tensor(x), (3, 10, 15))]
    for symbol, shape in shapes:
        assert symbol.infer_shape(x=(10, 15, 3))[1] == [shape]


# ---- files ------------------------------------------------------------------------------------------------------

def encoded(ending: str = ".png", pixels: np.ndarray = IMAGE) -> np.ndarray:
    return cv2.imencode(ending, pixels)[1].ravel()


def test_decoding() -> None:
    data = mx.nd.array(encoded(), dtype="uint8")
    assert np.array_equal(internal._cvimdecode(data).asnumpy(), IMAGE[..., ::-1])
    assert np.array_equal(internal._cvimdecode(data, to_rgb=False).asnumpy(), IMAGE)
    gray = internal._cvimdecode(data, flag=0)
    assert gray.shape == (6, 8, 1) and gray.dtype == np.uint8
    np.testing.assert_allclose(gray.asnumpy()[..., 0], IMAGE @ [0.114, 0.587, 0.299], atol=1)


def test_reading(tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    path.write_bytes(encoded().tobytes())
    assert np.array_equal(internal._cvimread(filename=str(path)).asnumpy(), IMAGE[..., ::-1])
    assert internal._cvimread(filename=str(path), flag=0).shape == (6, 8, 1)


def test_what_cannot_be_decoded(tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no image")
    with pytest.raises(mx.MXNetError, match=r"text.png' holds no image .* \(8 bytes\)"):
        internal._cvimread(filename=str(text))
    with pytest.raises(mx.MXNetError, match=r"cannot read '.*missing.png'"):
        internal._cvimread(filename=str(tmp_path / "missing.png"))
    for data in (np.zeros(40, "uint8"), np.array([137], "uint8")):
        with pytest.raises(mx.MXNetError, match="buf holds no image"):
            internal._cvimdecode(mx.nd.array(data, dtype="uint8"))
    with pytest.raises(mx.MXNetError, match="buf is float32"):
        internal._cvimdecode(mx.nd.zeros(10))
    with pytest.raises(mx.MXNetError, match="flag"):
        internal._cvimdecode(mx.nd.zeros(10, dtype="uint8"), flag=3)


def test_borders_with_fewer_values_than_channels() -> None:
    made = internal._cvcopyMakeBorder(image(), top=1, bot=0, left=0, right=0, values=(9, 8), value=7).asnumpy()
    assert made[0, 0].tolist() == [9, 8, 7] and np.array_equal(made[1:], IMAGE)
