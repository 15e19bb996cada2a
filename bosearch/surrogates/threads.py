"""One thread for small tensors: with more, they wait for each other longer than they work."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in this thread alone; what was set before comes back."""
    import torch  # a second to import: only where it is used

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
