# SPDX-License-Identifier: Apache-2.0
"""`ImageDetIter`: batches of images with the boxes of their objects."""
from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..base import MXNetAssertionTypeError, MXNetError, MXNetValueError
from ..ndarray import NDArray, array, full
from .codec import opencv
from .create import channel_values
from .det_augment import CreateDetAugmenter
from .iterator import ImageIter

__all__ = ["ImageDetIter"]

_NO_OBJECT = -1.0             # fills the label of an image with fewer objects than others


class ImageDetIter(ImageIter):
    """Batches of augmented images with their objects.

    A label in a file is: the number of its header's values (2 or more), the number of values of an object (5 or more),
    the rest of the header, and for each object its class, left, top, right, bottom (as shares of width and height)
    and others. A batch's label is (batch_size, objects, values of an object), filled with -1; how many objects is
    found by reading all labels once. Images without a valid object are left out.

    Parameters: those of `ImageIter`; `**kwargs` are `CreateDetAugmenter`'s, and augmenters DetAugmenters.

    Raises, beyond what ImageIter raises: MXNetError for labels of another form, with the record's name.
    """

    def __init__(self, batch_size: int, data_shape: Any, path_imgrec: Any = None, path_imglist: Any = None,
                 path_root: Any = None, path_imgidx: Any = None, shuffle: bool = False, part_index: int = 0,
                 num_parts: int = 1, aug_list: Any = None, imglist: Any = None, data_name: str = "data",
                 label_name: str = "label", last_batch_handle: str = "pad", *, on_error: str = "raise",
                 **kwargs: Any) -> None:
        super().__init__(batch_size, data_shape, path_imgrec=path_imgrec, path_imglist=path_imglist,
                         path_root=path_root, path_imgidx=path_imgidx, shuffle=shuffle, part_index=part_index,
                         num_parts=num_parts, aug_list=[], imglist=imglist, data_name=data_name,
                         label_name=label_name, last_batch_handle=last_batch_handle, on_error=on_error)
        self.auglist = CreateDetAugmenter(data_shape, **kwargs) if aug_list is None else aug_list
        self.label_shape = self._estimate_label_shape()
        self.provide_label = [(label_name, (batch_size, *self.label_shape))]

    def _estimate_label_shape(self) -> tuple[int, int]:
        """Most objects of an image, and values of an object."""
        most, width = 0, 0
        self.reset()
        try:
            while True:
                objects = self._parse_label(self.next_sample()[0])
                most, width = max(most, len(objects)), objects.shape[1]
        except StopIteration:
            pass
        self.reset()
        if not width:
            raise MXNetError("ImageDetIter: there are no images, so the shape of labels is unknown")
        return most, width

    def _parse_label(self, label: Any) -> np.ndarray:
        """The valid objects (objects, values) of a label as it is in a file."""
        raw = np.asarray(label.asnumpy() if isinstance(label, NDArray) else label).ravel()
        if raw.size < 7:
            raise MXNetError(f"{self._name()}: a label for detection has at least 7 values, this one {raw.size}")
        header, width = int(raw[0]), int(raw[1])
        if header < 2 or width < 5 or header > raw.size or (raw.size - header) % width:
            raise MXNetError(f"{self._name()}: a label of {raw.size} values cannot have a header of {header} and "
                             f"objects of {width} (at least 2 and 5)")
        objects = raw[header:].reshape(-1, width)
        objects = objects[(objects[:, 3] > objects[:, 1]) & (objects[:, 4] > objects[:, 2])]
        if not len(objects):
            raise MXNetError(f"{self._name()}: there is no valid object in the label")
        return objects

    def _new_label(self) -> NDArray:
        return full(self.provide_label[0][1], _NO_OBJECT)

    def _put(self, batch_data: NDArray, batch_label: NDArray, at: int) -> int:
        label, encoded = self.next_sample()
        image = self._decode(encoded)
        if image is None:
            return 0
        try:
            image, objects = self.augmentation_transform(image, self._parse_label(label))
            self._check_valid_label(objects)
        except RuntimeError as error:
            logging.debug("%s is left out: %s", self._name(), error)
            return 0
        batch_data[at] = self.postprocess_data(image)
        values = np.full(self.label_shape, _NO_OBJECT, np.float32)
        values[:len(objects)] = objects
        batch_label[at] = array(values)
        return 1

    def _check_valid_label(self, label: np.ndarray) -> None:
        if label.ndim != 2 or label.shape[1] < 5:
            raise MXNetError(f"{self._name()}: objects have the shape (n, 5 or more), not {label.shape}")
        if not ((label[:, 0] >= 0) & (label[:, 3] > label[:, 1]) & (label[:, 4] > label[:, 2])).any():
            raise MXNetError(f"{self._name()}: no valid object is left")

    def augmentation_transform(self, data: Any, label: Any = None) -> Any:
        """An image and its objects after all augmenters."""
        for one in self.auglist:
            data, label = one(data, label)
        return data, label

    def reshape(self, data_shape: Any = None, label_shape: Any = None) -> None:
        """Another shape for images (channels, height, width), or labels (objects, values)."""
        if data_shape is not None:
            self.check_data_shape(data_shape)
            self.data_shape = tuple(data_shape)
            self.provide_data = [(self.provide_data[0][0], (self.batch_size, *data_shape))]
        if label_shape is not None:
            self.check_label_shape(label_shape)
            self.label_shape = tuple(label_shape)
            self.provide_label = [(self.provide_label[0][0], (self.batch_size, *label_shape))]

    def check_label_shape(self, label_shape: Any) -> None:
        """Raise MXNetValueError for a shape that does not hold the labels."""
        most, width = self.label_shape
        if len(label_shape) != 2 or label_shape[0] < most or label_shape[1] != width:
            raise MXNetValueError(f"label_shape is (objects, values), with at least {most} objects and {width} values, "
                                  f"not {label_shape}")

    def sync_label_shape(self, it: ImageDetIter, verbose: bool = False) -> ImageDetIter:
        """Give this and another iterator the larger of their label shapes; returns the other one."""
        if not isinstance(it, ImageDetIter):
            raise MXNetAssertionTypeError(f"label shapes are shared with an ImageDetIter, not {type(it).__name__}")
        if self.label_shape[1] != it.label_shape[1]:
            raise MXNetValueError(f"objects have {self.label_shape[1]} values here and {it.label_shape[1]} there")
        shape = max(self.label_shape[0], it.label_shape[0]), self.label_shape[1]
        for one in (self, it):
            if one.label_shape != shape:
                one.reshape(label_shape=shape)
                if verbose:
                    logging.info("label_shape is now %s", shape)
        return it

    def draw_next(self, color: Any = None, thickness: int = 2, mean: Any = None, std: Any = None, clip: bool = True,
                  waitKey: int | None = None, window_name: str = "draw_next",
                  id2labels: Any = None) -> Iterator[np.ndarray]:
        """Augmented images with their boxes drawn, one after the other, to look at.

        Parameters
        ----------
        color : (red, green, blue) of boxes; by default by chance
        thickness : of lines, in pixels
        mean, std : what the augmenters took away (True: ImageNet's), to be put back
        clip : limit values to 0 ... 255
        waitKey : show each image in a window and wait so many milliseconds (0: for a key); None shows nothing
        id2labels : dict, names of classes to be written

        Yields uint8 arrays (height, width, 3) in OpenCV's order blue, green, red.
        """
        cv2 = opencv()
        mean, std = (None if one is None else np.asarray(one.asnumpy() if isinstance(one, NDArray) else one)
                     for one in (channel_values("mean", mean), channel_values("std", std)))
        while True:
            try:
                label, encoded = self.next_sample()
            except StopIteration:
                return
            image = self._decode(encoded)
            if image is None:
                continue
            image, objects = self.augmentation_transform(image, self._parse_label(label))
            values = image.asnumpy().astype(np.float32) * (1 if std is None else std) + (0 if mean is None else mean)
            canvas = np.ascontiguousarray((np.clip(values, 0, 255) if clip else values)[:, :, ::-1].astype(np.uint8))
            self._draw(cv2, canvas, objects, color, thickness, id2labels or {})
            if waitKey is not None:
                cv2.imshow(window_name, canvas)
                cv2.waitKey(waitKey)
            yield canvas

    @staticmethod
    def _draw(cv2: Any, canvas: np.ndarray, objects: np.ndarray, color: Any, thickness: int, names: Any) -> None:
        height, width = canvas.shape[:2]
        for number, *place in objects[:, :5]:
            left, top, right, bottom = (int(one * size) for one, size in zip(place, (width, height) * 2))
            if left < 0:
                continue
            paint = tuple(color[::-1]) if color else tuple(np.random.rand(3) * 255)
            cv2.rectangle(canvas, (left, top), (right, bottom), paint, thickness)
            if int(number) in names:
                text, font = str(names[int(number)]), cv2.FONT_HERSHEY_SIMPLEX
                tall = cv2.getTextSize(text, font, 0.5, 2)[0][1]
                cv2.putText(canvas, text, (left + 5, top + tall + 5), font, 0.5, (255, 255, 255), 2)
