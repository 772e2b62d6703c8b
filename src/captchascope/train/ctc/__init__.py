"""Training without segmentation: images and texts in, a CTC network out."""
