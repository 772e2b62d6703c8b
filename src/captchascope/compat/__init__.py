"""The interfaces of other readers over ours, for programs that were written for them."""
