"""Labelled data: labels, the images they belong to, and data sets of both."""
