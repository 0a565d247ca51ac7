"""Tensor programs: operators on tensors with known shapes, from ONNX or PyTorch, and how they become layers."""
