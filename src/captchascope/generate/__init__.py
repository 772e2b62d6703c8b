"""Generated captchas: the same seed gives the same pixels everywhere."""
