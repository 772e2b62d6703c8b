"""Reading in bulk: shards of images in, parts of readings out, on one machine or on a cluster."""
