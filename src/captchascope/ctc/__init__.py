"""Segmentation-free reading: the image as it is through one network, trained with CTC."""
