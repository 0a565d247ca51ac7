"""The forward pass: a plan of the graph, weights, inputs, and the runner that computes it."""
