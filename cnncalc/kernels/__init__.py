"""The arithmetic of the forward pass on NumPy arrays: what the kinds' `forward` call. Imported only when a network runs.

Arrays are (batch, channels, *spatial) to whoever looks at them, and lie in memory with the channels last wherever a kernel made
them: a row of channels is what a matrix product and a pooling want to read.
"""
