"""Where answers leak: the places beside an image's pixels where the text of it stands."""
