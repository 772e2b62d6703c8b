"""Assertions of the helpers are shown as those of the tests are."""

import pytest

pytest.register_assert_rewrite("cli.commands")
