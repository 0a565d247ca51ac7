"""What pytest looks into: modules of PyTorch only where it is installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["torch_networks.py"]
