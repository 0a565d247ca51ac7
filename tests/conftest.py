"""Which modules pytest reads, and how Hypothesis runs: no verdict may depend on how busy the machine is."""

import signal
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

collect_ignore = [] if find_spec("torch") else ["torch_networks.py", "formats/onnx/networks.py"]

settings.register_profile("cnncalc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cnncalc")

# A run that a shell started in the background or under nohup ignores these, and so would every command that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
