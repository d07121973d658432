# SPDX-License-Identifier: Apache-2.0
"""Samples of the operators on images. Those that change colors at random run with factors that leave no choice."""
from . import Bad, Sample, T, ints, values

TOLERANCE = {"uint8": (0.0, 0.0), "int32": (0.0, 0.0)}         # where a sample does not have its own
HUES = dict(rtol=2e-5, atol=2e-4, reason="the circle of hues is turned in float32, values go up to 255")
STRAIGHT = {"grad": "MXNet hands the gradient on as it is, not turned around"}
CUBIC = dict(rtol=1e-4, atol=1.0, reason="MXNet 1.9.1 has OpenCV 3.4, whose cubic tables are coarser")
CUT = dict(rtol=0.0, atol=1.0, reason="a difference in the last bit is cut off to another whole number")

# PNG files of 2 x 2 pixels in color and of 1 x 3 gray ones
COLOR = values([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0,
    253, 212, 154, 115, 0, 0, 0, 22, 73, 68, 65, 84, 8, 29, 99, 100, 96, 248, 207, 240, 159, 145, 241, 63, 3, 131,
    188, 8, 23, 0, 26, 160, 3, 62, 3, 239, 218, 194, 0, 0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130], "uint8")
GRAY = values([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 3, 0, 0, 0, 1, 8, 0, 0, 0, 0,
    62, 139, 75, 104, 0, 0, 0, 12, 73, 68, 65, 84, 8, 29, 99, 100, 104, 168, 7, 0, 1, 135, 1, 1, 74, 24, 11, 238, 0,
    0, 0, 0, 73, 69, 78, 68, 174, 66, 96, 130], "uint8")


def pixels(*shape, dtype="uint8"):
    return ints(*shape, high=256, dtype=dtype)


def _kinds(*shape):
    return [pixels(*shape), pixels(*shape, dtype="float32"), pixels(*shape, dtype="float64"),
            pixels(*shape, dtype="int32"), pixels(*shape, dtype="float16")]


def _color(op, params, grey=True):
    """A color change with a factor that is not left to chance, on all element types."""
    for x in _kinds(4, 6, 3):
        whole = x.dtype in ("uint8", "int32")
        yield Sample(f"_image_{op}", [x], params, grad=False, random=False,
                     **(CUT if whole else {} if x.dtype == "float16" else HUES))
    if grey:
        yield Sample(f"_image_{op}", [pixels(4, 6, 1)], params, **CUT)
        yield Sample(f"_image_{op}", [pixels(1, 1, 1, dtype="float32")], params, grad=False)
    yield Bad(f"_image_{op}", [pixels(2, 4, 6, 3)], params, match="an image")
    yield Bad(f"_image_{op}", [pixels(6, 3)], params, match="an image")


SAMPLES = [
    *[Sample("_image_to_tensor", [x], grad=False) for x in _kinds(4, 5, 3)],
    Sample("_image_to_tensor", [pixels(2, 4, 5, 3)]),
    Sample("_image_to_tensor", [pixels(1, 1, 1)]),
    Sample("_image_to_tensor", [pixels(3, 2, 7)]),
    *[Sample(op, [ints(2, 4, 3, low=-128, high=128, dtype="int8")], params, grad=False) for op, params in (
        ("_image_adjust_lighting", {"alpha": (30.0, -20.0, 10.0)}),
        *((f"_image_random_{name}", {"min_factor": 3.5, "max_factor": 3.5})
          for name in ("brightness", "contrast", "saturation")))],
    Bad("_image_to_tensor", [pixels(4, 5)], match="an image"),

    *[Sample("_image_normalize", [T(*shape, dtype=d)], {"mean": mean, "std": std})
      for shape, d, mean, std in (((3, 4, 5), "float32", (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)),
                                  ((3, 4, 5), "float64", (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)),
                                  ((3, 4, 5), "float16", (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)),
                                  ((2, 3, 4, 5), "float32", (0.1,), (0.5, 1.0, 2.0)),
                                  ((1, 4, 5), "float32", 0.5, 0.25), ((3, 1, 1), "float32", 0.0, (1.0,)))],
    Sample("_image_normalize", [pixels(3, 4, 5, dtype="int32")], {"mean": 100.0, "std": 7.0}, **CUT),
    Sample("_image_normalize", [T(3, 2, 2)], {"mean": 0.1, "std": 0.0}, grad=False),
    Bad("_image_normalize", [T(3, 4, 5)], match="mean has 4"),
    Bad("_image_normalize", [T(3, 4, 5)], {"mean": 0.0, "std": (1.0, 2.0)}, match="std has 2"),
    Bad("_image_normalize", [T(2, 4, 5)], {"mean": 0.0, "std": 1.0}, match="channels"),
    Bad("_image_normalize", [T(4, 5)], {"mean": 0.0, "std": 1.0}, match="an image"),

    *[Sample("_image_crop", [x], {"x": 1, "y": 0, "width": 2, "height": 3}) for x in (
        pixels(4, 5, 3), pixels(4, 5, 3, dtype="float32"), pixels(2, 4, 5, 1), T(2, 4, 5, 3, dtype="float64"))],
    Sample("_image_crop", [T(4, 5, 3)], {"x": 0, "y": 0, "width": 5, "height": 4}),
    Sample("_image_crop", [T(4, 5, 3)], {"x": 4, "y": 3, "width": 1, "height": 1}),
    Bad("_image_crop", [T(4, 5, 3)], {"x": 4, "y": 0, "width": 2, "height": 1}, match="whose width is 5"),
    Bad("_image_crop", [T(4, 5, 3)], {"x": 0, "y": 2, "width": 2, "height": 3}, match="whose height is 4"),
    Bad("_image_crop", [T(4, 5, 3)], {"x": -1, "y": 0, "width": 2, "height": 1}, match="x=-1"),
    Bad("_image_crop", [T(4, 5, 3)], {"x": 0, "y": 0, "width": 0, "height": 1}, match="width"),
    Bad("_image_crop", [T(5, 3)], {"x": 0, "y": 0, "width": 1, "height": 1}, match="an image"),

    # MXNet leaves the middle column or row of an odd number of them unwritten
    *[Sample(f"_image_flip_{how}", [x], skip=STRAIGHT) for how in ("left_right", "top_bottom")
      for x in (pixels(4, 6, 3), T(2, 2, 1), pixels(6, 4, 3, dtype="float16"), T(2, 4, 3, dtype="float64"),
                pixels(2, 2, 3, dtype="int32"), pixels(8, 2, 3))],
    *[Sample(f"_image_flip_{how}", [pixels(4, 6, 5)], ours_ok="any number of channels can be turned around")
      for how in ("left_right", "top_bottom")],
    *[Bad(f"_image_flip_{how}", [x], match="an image") for how in ("left_right", "top_bottom")
      for x in (pixels(2, 4, 6, 3), T(4, 3))],

    *[Sample("_image_resize", [x], params)
      for x, params in ((pixels(4, 5, 3), {"size": (3, 2)}), (pixels(4, 5, 3), {"size": (7, 6)}),
                        (pixels(4, 5, 3), {"size": 6}), (pixels(4, 5, 3), {"size": 6, "keep_ratio": True}),
                        (pixels(9, 5, 3), {"size": 6, "keep_ratio": True}),
                        (pixels(4, 5, 3), {"size": (6, 9), "keep_ratio": True}), (pixels(4, 5, 1), {"size": (7, 6)}),
                        (pixels(4, 5, 6), {"size": (3, 3)}), (pixels(2, 4, 5, 3), {"size": (7, 6)}),
                        (pixels(4, 5, 3, dtype="float32"), {"size": (7, 6)}), (pixels(1, 1, 3), {"size": (4, 4)}))],
    Sample("_image_resize", [pixels(4, 5, 3, dtype="float64")], {"size": (3, 2)}, rtol=1e-6,
           reason="OpenCV's weights have 32 bits"),
    *[Sample("_image_resize", [pixels(6, 8, 3)], {"size": (5, 9), "interp": i}, **(CUBIC if i == 2 else {}))
      for i in range(6)],
    *[Sample("_image_resize", [pixels(6, 8, 3, dtype="float32")], {"size": (5, 4), "interp": i},
             **(CUBIC if i == 2 else {})) for i in range(5)],
    Bad("_image_resize", [pixels(4, 5, 3)], match="size"),
    Bad("_image_resize", [pixels(4, 5, 3)], {"size": (1, 2, 3)}, match="size"),
    Bad("_image_resize", [pixels(4, 5, 3)], {"size": (0, 2)}, match="size"),
    Bad("_image_resize", [pixels(4, 5, 3)], {"size": (2, 2), "interp": 10}, match="interp"),
    Bad("_image_resize", [pixels(4, 5, 3, dtype="float16")], {"size": (2, 2)}, match="float16",
        skip={"symbol": "element types are looked at when it runs"}),
    Bad("_image_resize", [pixels(5, 3)], {"size": (2, 2)}, match="an image"),

    *[sample for name in ("brightness", "contrast", "saturation", "hue") for factor in (0.0, 0.3, 1.0, 1.7)
      for sample in _color(f"random_{name}", {"min_factor": factor, "max_factor": factor}, grey=name != "hue")
      if factor in (0.3, 1.7) or not isinstance(sample, Bad)],
    *[Bad(f"_image_random_{name}", [pixels(4, 5, 3)], {"min_factor": -0.5, "max_factor": 0.5}, match="min_factor")
      for name in ("brightness", "contrast", "saturation", "hue")],
    Sample("_image_random_hue", [values([[[0, 0, 0], [255, 255, 255], [7, 7, 7], [255, 0, 0], [0, 255, 255]]])],
           {"min_factor": 0.25, "max_factor": 0.25}, grad=False, rtol=1e-5, atol=1e-3,
           reason="the circle of hues is turned in float32"),
    *[sample for alpha in ((0.1, -0.2, 0.3), (0.0, 0.0, 0.0), (1.0, 2.0, 3.0))
      for sample in _color("adjust_lighting", {"alpha": alpha}, grey=False) if alpha[0] == 0.1 or
      not isinstance(sample, Bad)],
    Bad("_image_adjust_lighting", [pixels(4, 5, 3)], {"alpha": (0.1, 0.2)}, match="alpha"),
    Bad("_image_adjust_lighting", [pixels(4, 5, 3)], match="alpha"),
    *_color("random_lighting", {"alpha_std": 0.0}, grey=False),
    *[Sample("_image_random_lighting", [x], random=True, grad=False) for x in _kinds(4, 6, 3)],
    *[Sample("_image_random_color_jitter", [x], {"brightness": 0.2, "contrast": 0.3, "saturation": 0.1, "hue": 0.2},
             random=True, grad=False) for x in (*_kinds(4, 6, 3), T(2, 2, 3, low=0, high=1))],
    Bad("_image_random_color_jitter", [pixels(2, 4, 6, 3)], {"brightness": 0.2, "contrast": 0, "saturation": 0,
                                                            "hue": 0}, match="an image"),
    Bad("_image_random_color_jitter", [pixels(4, 6, 3)], {"brightness": 0.2}, match="required"),
    *[Sample(f"_image_random_flip_{how}", [x], random=True, skip=STRAIGHT) for how in ("left_right", "top_bottom")
      for x in (pixels(4, 6, 3), T(2, 2, 1), pixels(6, 4, 3, dtype="float16"), T(2, 4, 3, dtype="float64"),
                pixels(2, 2, 3, dtype="int32"), T(6, 8, 3), pixels(2, 8, 1))],
    *[Bad(f"_image_random_flip_{how}", [T(4, 3)], match="an image") for how in ("left_right", "top_bottom")],

    *[Sample("_cvimdecode", [data], params, train=False)
      for data in (COLOR, GRAY) for params in ({}, {"flag": 0}, {"to_rgb": False}, {"flag": 0, "to_rgb": False})],
    Bad("_cvimdecode", [T(40, low=0, high=255)], match="uint8"),
    Bad("_cvimdecode", [ints(40, high=256, dtype="uint8")], match="no image"),
    Bad("_cvimdecode", [COLOR], {"flag": 2}, match="flag"),
    *[Sample("_cvimresize", [x], params, **(CUBIC if params.get("interp") == 2 else {}))
      for x, params in ((pixels(4, 5, 3), {"w": 3, "h": 2}), (pixels(4, 5, 3), {"w": 7, "h": 6, "interp": 2}),
                        (pixels(4, 5, 1), {"w": 3, "h": 2, "interp": 0}), (pixels(1, 1, 3), {"w": 2, "h": 2}),
                        (pixels(4, 5, 3, dtype="float32"), {"w": 9, "h": 3}),
                        (pixels(4, 5, 3), {"w": 3, "h": 2, "interp": 3}))],
    Bad("_cvimresize", [pixels(4, 5, 3)], {"w": 0, "h": 2}, match="w"),
    Bad("_cvimresize", [pixels(4, 5)], {"w": 1, "h": 2}, match="an image"),
    *[Sample("_cvcopyMakeBorder", [x], {"top": 1, "bot": 2, "left": 3, "right": 1, **params})
      for x in (pixels(4, 5, 3), pixels(4, 5, 1, dtype="float32"))
      for params in ({}, {"value": 7.0}, {"values": (1.0, 2.0, 3.0, 4.0)}, {"type": 1}, {"type": 2}, {"type": 3},
                     {"type": 4})],
    Sample("_cvcopyMakeBorder", [pixels(2, 2, 3)], {"top": 0, "bot": 0, "left": 0, "right": 0}),
    Bad("_cvcopyMakeBorder", [pixels(4, 5, 3)], {"top": -1, "bot": 0, "left": 0, "right": 0}, match="top"),
    Bad("_cvcopyMakeBorder", [pixels(4, 5, 3)], {"top": 1, "bot": 0, "left": 0, "right": 0, "type": 9}, match="type"),
]
