"""Which modules pytest reads, and how Hypothesis runs: no verdict may depend on how busy the machine is."""

from importlib.util import find_spec

from hypothesis import HealthCheck, settings

collect_ignore = [] if find_spec("torch") else ["torch_networks.py", "formats/onnx/networks.py"]

settings.register_profile("cnncalc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnncalc")
