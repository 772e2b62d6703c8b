"""Without torch, none of these modules can be imported: they are skipped."""

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'train'")
torch.set_num_threads(1)  # as in training
