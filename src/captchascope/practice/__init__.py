"""A registration page on this machine, whose captchas may be collected."""
